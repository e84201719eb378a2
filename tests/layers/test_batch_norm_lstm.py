"""The batch-normalised LSTM: statistics of each step, padding apart, in pieces as in one, and what is kept of them."""

import importlib.util
from pathlib import Path

import pytest
import torch
from tolerances import close
from torch import nn

import rnnzoo
from rnnzoo.laws import LAWS, small_cell
from rnnzoo.layers.batch_norm_lstm import BatchNormLSTM
from rnnzoo.registry import LAYERS

I, H, B, T = 3, 4, 5, 7
ENTRY = LAYERS.entry("batch_norm_lstm")
LENGTHS = torch.tensor([7, 2, 5, 1, 5])  # the last two steps have a single row


def seasoned():
    """The laws' small cell after some training batches, so that its running averages are those of a trained one."""
    cell = small_cell(ENTRY).train()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for _ in range(4):
            cell(1 + 2 * torch.randn(6, 8, I, dtype=torch.float64, generator=generator))
    return cell.eval()


def sequence(batch=B, time=T):
    return torch.randn(batch, time, I, dtype=torch.float64)


def state_of(cell, batch=B):
    """A state with clocks that differ from row to row."""
    h, c = (torch.randn(batch, H, dtype=torch.float64) for _ in range(2))
    return torch.tanh(h), c, torch.arange(batch)


def oracle(cell, x, state, lengths=None):
    path = Path(__file__).resolve().parents[1] / "oracles" / "batch_norm_lstm.py"
    spec = importlib.util.spec_from_file_location("oracle_batch_norm_lstm", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    weights = {name: value.numpy().copy() for name, value in cell.state_dict().items()}
    given = None if lengths is None else lengths.numpy()
    y, final = module.oracle(
        x.numpy(),
        tuple(member.numpy() for member in state),
        weights,
        max_length=cell.max_length,
        training=cell.training,
        lengths=given,
    )
    return torch.as_tensor(y), tuple(map(torch.as_tensor, final))


@pytest.mark.parametrize("law", [law for law in LAWS.values() if not law.slow], ids=lambda law: law.name)
def test_a_trained_cell_obeys_every_law_in_evaluation(law):
    if law.needs(ENTRY):
        law(seasoned, ENTRY)


@pytest.mark.parametrize("backend", ["reference", "torch"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
@pytest.mark.parametrize("training", [False, True])
def test_both_modes_equal_the_oracle(training, lengths, backend):
    cell = seasoned().train(training)
    cell.backend = backend
    x, state = sequence(), state_of(cell)
    expected = oracle(cell, x, state, lengths)
    if lengths is not None:
        for row, length in enumerate(lengths.tolist()):
            x[row, length:] = torch.nan
    with torch.no_grad():
        close(cell(x, state, lengths), expected)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
def test_in_training_the_fast_path_has_the_loops_gradients_and_leaves_the_same_averages(lengths):
    found = {}
    for backend in ("reference", "torch"):
        cell = seasoned().train()
        cell.backend = backend
        generator = torch.Generator().manual_seed(2)
        x = torch.randn(B, T, I, dtype=torch.float64, generator=generator, requires_grad=True)
        state = [torch.randn(B, H, dtype=torch.float64, generator=generator, requires_grad=True) for _ in range(2)]
        y, final = cell(x, (*state, torch.zeros(B, dtype=torch.int64)), lengths)
        score = y.square().sum() + sum(member.square().sum() for member in final[:2])
        gradients = torch.autograd.grad(score, [x, *state, *cell.parameters()])
        assert all(bool((gradient != 0).any()) for gradient in gradients)
        found[backend] = (y.detach(), *gradients, *cell.buffers())
    close(found["torch"], found["reference"])


def test_what_stands_in_the_padding_changes_nothing_in_training():
    x, state = sequence(), state_of(seasoned())
    found = []
    for filling in (0.0, 1e3, torch.nan):
        cell = seasoned().train()
        padded = x.clone()
        for row, length in enumerate(LENGTHS.tolist()):
            padded[row, length:] = filling
        found.append((cell(padded, state, LENGTHS)[0].detach(), *cell.buffers()))
    close(found[1], found[0])
    close(found[2], found[0])


def test_in_training_a_sequence_in_pieces_or_steps_is_the_sequence():
    cell = seasoned().train()
    x, state = sequence(), state_of(cell)
    y, final = cell(x, state)
    first, middle = cell(x[:, :3], state)
    second, end = cell(x[:, 3:], middle)
    close(torch.cat([first, second], 1), y)
    close(end, final)
    steps, now = [], state
    for t in range(T):
        out, now = cell.step(x[:, t], now)
        steps.append(out)
    close(torch.stack(steps, 1), y)
    close(now, final)


def test_the_running_averages_of_each_step_are_those_of_torchs_batch_norm_for_it():
    torch.manual_seed(0)
    cell = BatchNormLSTM(I, H, max_length=T, dtype=torch.float64)
    norms = nn.ModuleList(nn.BatchNorm1d(4 * H, dtype=torch.float64) for _ in range(T))
    for _ in range(3):
        x = sequence()
        cell(x)
        for t, norm in enumerate(norms):
            norm(x[:, t] @ cell.weight_ih.T)
    close(cell.mean_ih, torch.stack([norm.running_mean for norm in norms]))
    close(cell.var_ih, torch.stack([norm.running_var for norm in norms]))
    assert (cell.mean_ih.diff(dim=0).abs() > 1e-6).any()  # each step has its own


@pytest.mark.parametrize("in_steps", [False, True])
def test_products_of_the_state_and_the_cell_are_remembered_too(in_steps):
    cell = BatchNormLSTM(I, H, max_length=2, dtype=torch.float64)
    x, (h, c, _) = sequence(time=1), state_of(cell)
    state = (h, c, torch.zeros(B, dtype=torch.int64))
    _, (_, end, clock) = cell.step(x[:, 0], state) if in_steps else cell(x, state)
    for mean, var, p in ((cell.mean_hh, cell.var_hh, h @ cell.weight_hh.T), (cell.mean_c, cell.var_c, end)):
        close(mean[0].detach(), 0.1 * p.mean(0).detach())
        close(var[0].detach(), 0.9 + 0.1 * p.var(0).detach())
        assert not mean[1].any()
    assert torch.equal(clock, torch.ones(B, dtype=torch.int64))


def test_steps_beyond_the_last_that_is_kept_use_its_statistics():
    cell = seasoned()
    last = cell.max_length - 1
    x, (h, c, _) = sequence(time=1), state_of(cell)
    outputs = [cell(x, (h, c, torch.full((B,), clock)))[0] for clock in (last - 1, last, last + 1, 1000)]
    close(outputs[2], outputs[1])
    close(outputs[3], outputs[1])
    assert (outputs[0] - outputs[1]).abs().max() > 1e-6


def test_in_training_rows_see_one_another_and_in_evaluation_they_do_not():
    cell = seasoned()
    x, state = sequence(), state_of(cell)
    changed = x.clone()
    changed[0] += 1
    assert torch.equal(cell(changed, state)[0][1:], cell(x, state)[0][1:])
    cell.train()
    assert (cell(changed, state)[0][1:] - cell(x, state)[0][1:]).abs().max() > 1e-3


def test_a_row_alone_is_normalised_as_in_evaluation_and_leaves_the_averages_as_they_are():
    cell = seasoned()
    x, state = sequence(1), state_of(cell, 1)
    expected, before = cell(x, state), [buffer.clone() for buffer in cell.buffers()]
    cell.train()
    close(cell(x, state), expected)
    close(list(cell.buffers()), before)


def test_in_evaluation_nothing_is_remembered_and_gate_values_never_remember():
    cell = seasoned()
    before = [buffer.clone() for buffer in cell.buffers()]
    cell(sequence())
    cell.train().gate_values(sequence())
    close(list(cell.buffers()), before)


def test_in_training_the_scale_of_the_weights_means_nothing(monkeypatch):
    monkeypatch.setattr("rnnzoo.layers._step_statistics.EPSILON", 1e-300)  # with it the invariance holds to a hair
    cell = seasoned().train()
    x, state = sequence(), state_of(cell)
    before = cell(x, state)
    with torch.no_grad():
        cell.weight_ih.mul_(torch.rand(4 * H, 1, dtype=torch.float64) + 0.5)  # of each unit by itself
        cell.weight_hh.mul_(7.0)
    close(cell(x, state), before)


@pytest.mark.parametrize("options", [{"bias": False}, {"recurrent_bias": False}], ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_without_biases_both_modes_equal_the_oracle(options, training):
    cell = BatchNormLSTM(I, H, max_length=3, dtype=torch.float64, **options).train(training)
    x, state = sequence(), state_of(cell)
    expected = oracle(cell, x, state)
    close(cell(x, state), expected)


def test_gains_begin_at_a_tenth_and_biases_at_zero():
    cell = BatchNormLSTM(I, H)
    for name, parameter in cell.named_parameters():
        if not name.startswith("weight"):
            assert torch.equal(parameter, torch.full_like(parameter, 0.1 if name.startswith("gain") else 0.0)), name
    assert cell.mean_ih.shape == cell.var_hh.shape == (100, 4 * H)
    assert cell.var_c.shape == (100, H)


def test_a_stack_carries_the_clocks_and_trains_in_half_precision():
    layer = rnnzoo.BatchNormLSTM(I, H, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(B, T, I)
    with torch.autocast("cpu", torch.bfloat16):
        y, (h, c, clock) = layer(x, lengths=LENGTHS)
        y.sum().backward()
    assert torch.equal(clock, LENGTHS.expand(4, B))
    assert all(bool(p.grad.isfinite().all()) for p in layer.parameters())
    y, (_, _, later) = layer(x, (h, c, clock))
    assert torch.equal(later, (LENGTHS + T).expand(4, B))


def test_a_length_that_is_no_whole_number_is_refused():
    with pytest.raises(ValueError, match="max_length is 0"):
        BatchNormLSTM(I, H, max_length=0)


def test_the_mode_counts_however_it_is_set():
    """A trainer puts modes back by the attribute alone, after each validation."""
    cell, x = seasoned(), sequence()
    evaluated = cell(x)[0]
    cell.training = True
    trained = cell(x)[0]
    assert cell.last_backend == "torch"
    assert (trained - evaluated).abs().max() > 1e-3
    again = seasoned().train()
    close(trained, again(x)[0])
    cell.training = False
    cell.backend = "reference"
    assert torch.equal(cell(x)[0], cell.eval()(x)[0])
