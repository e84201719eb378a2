"""What the papers of the LSTM's relatives promise of them."""

import pytest
import torch
from layers.lstm_cells import H, I, made, start
from tolerances import close
from torch import nn

from rnnzoo.layers.cifg import CIFG
from rnnzoo.layers.elstm import ELSTM
from rnnzoo.layers.layer_norm_lstm import LayerNormLSTM
from rnnzoo.layers.lstm import LSTM
from rnnzoo.layers.lstm_1997 import OriginalLSTM
from rnnzoo.layers.mc_lstm import MCLSTM
from rnnzoo.layers.mogrifier_lstm import MogrifierLSTM
from rnnzoo.layers.multiplicative_lstm import MultiplicativeLSTM
from rnnzoo.layers.multiplicative_rnn import MultiplicativeRNN
from rnnzoo.layers.on_lstm import ONLSTM
from rnnzoo.layers.res_lstm import ResLSTM
from rnnzoo.layers.wmc_lstm import WMCLSTM


@pytest.mark.parametrize("squashing", ["logistic", "tanh"])
def test_behind_a_closed_input_gate_the_cell_of_1997_is_kept_exactly_and_so_is_its_error(squashing):
    cell = made(OriginalLSTM, squashing=squashing)
    with torch.no_grad():
        cell.bias_ih[:H] = -1e4  # the logistic function of this is exactly 0
    x, (h, c) = start(cell, time=200)
    c.requires_grad_()
    for cell.backend in ("reference", "torch"):
        _, (_, end) = cell(x, (h, c))
        assert torch.equal(end, c)
        (error,) = torch.autograd.grad(end.sum(), c)
        assert torch.equal(error, torch.ones_like(error))


def test_the_squashing_of_1997_lets_in_up_to_two_and_out_up_to_one():
    cell = made(OriginalLSTM)
    with torch.no_grad():
        cell.bias_ih.fill_(50.0)  # every gate open, the candidate at its limit
    x, _ = start(cell, time=4)
    y, (_, c) = cell(x)
    close(c, torch.full_like(c, 8.0))
    close(y[:, -1], torch.full_like(c, 2 / (1 + torch.exp(torch.tensor(-8.0, dtype=torch.float64))) - 1))


@pytest.mark.parametrize("peepholes", [True, False])
def test_coupled_gates_sum_to_one_and_keep_the_cell_between_its_candidates(peepholes):
    cell = made(CIFG, peepholes=peepholes)
    x, (h, c) = start(cell, time=50)
    gates = cell.gate_values(x, (h, c)).gates
    close(gates["input"] + gates["forget"], torch.ones_like(gates["input"]))
    _, (_, end) = cell(x, (h, 0.99 * torch.tanh(c)))
    assert end.abs().max() < 1


def test_without_peepholes_the_coupled_cell_is_an_lstm_whose_input_gate_has_the_negated_weights():
    cell, lstm = made(CIFG, peepholes=False), made(LSTM)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            f, g, o = getattr(cell, name).split(H)
            getattr(lstm, name).copy_(torch.cat([-f, f, g, o]))
    x, state = start(cell)
    close(cell(x, state), lstm(x, state))


def test_without_its_connections_the_working_memory_lstm_is_an_lstm():
    cell, lstm = made(WMCLSTM), made(LSTM)
    with torch.no_grad():
        cell.weight_hh[: 2 * H] = 0
        cell.weight_hh[6 * H :] = 0
        for name in ("weight_ih", "bias_ih", "bias_hh"):
            getattr(lstm, name).copy_(getattr(cell, name))
        lstm.weight_hh.copy_(cell.weight_hh[2 * H : 6 * H])
    x, state = start(cell)
    close(cell(x, state), lstm(x, state))


def test_a_working_memory_connection_moves_a_gate_by_less_than_one_however_large_the_cell():
    cell = made(WMCLSTM)
    x, (h, c) = start(cell, time=1)
    quiet = cell.gate_values(x, (h, 0 * c)).gates
    loud = cell.gate_values(x, (h, 1e6 * c)).gates
    for gate in ("input", "forget"):
        assert (torch.logit(loud[gate]) - torch.logit(quiet[gate])).abs().max() <= 1 + 1e-9
        assert (loud[gate] - quiet[gate]).abs().max() > 0.05


def test_what_a_memory_controller_puts_out_is_not_fed_back():
    cell = made(MCLSTM)
    x, state = start(cell)
    y, final = cell(x, state)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter[2 * H : 3 * H] = torch.randn_like(parameter[2 * H : 3 * H])  # the output gate's
    other, same = cell(x, state)
    close(same, final)
    assert (other - y).abs().min() > 1e-6


def test_a_residual_lstm_puts_out_the_gated_input_where_the_cell_is_not_projected():
    cell = made(ResLSTM)
    with torch.no_grad():
        cell.weight_hh[4 * H :] = 0
    x, state = start(cell)
    gate = cell.gate_values(x, state).gates["output"]
    close(cell(x, state)[0], gate * (x @ cell.weight_ih[4 * H :].T))


def test_a_channel_of_the_element_wise_lstm_depends_on_its_own_past_alone():
    cell = made(ELSTM)
    x, (c,) = start(cell)
    jacobian = torch.autograd.functional.jacobian(lambda c: cell(x, (c,))[1][0], c)  # (B, H, B, H)
    own = torch.einsum("bhbh->bh", jacobian)
    assert own.abs().min() > 0
    close(jacobian, torch.diag_embed(own.flatten()).view(jacobian.shape))


def test_the_element_wise_lstm_stays_among_its_candidates():
    cell = made(ELSTM)
    x, (c,) = start(cell, time=100)
    assert cell(10 * x, (torch.tanh(c),))[1][0].abs().max() < 1


@pytest.mark.parametrize("rank", [None, 2])
def test_the_mogrifier_without_rounds_is_torchs_lstm(rank):
    cell, module = made(MogrifierLSTM, rounds=0, rank=rank), nn.LSTM(I, H, batch_first=True, dtype=torch.float64)
    module.load_state_dict({f"{name}_l0": weight for name, weight in cell.state_dict().items()})
    x, (h, c) = start(cell)
    y, final = module(x, (h[None], c[None]))
    close(cell(x, (h, c)), (y, tuple(member[0] for member in final)))


def test_rounds_with_weights_of_zero_change_nothing():
    cell, lstm = made(MogrifierLSTM, rounds=5), made(LSTM)
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            if name.startswith("mogrify"):
                parameter.zero_()
            else:
                getattr(lstm, name).copy_(parameter)
    x, state = start(cell)
    close(cell(x, state), lstm(x, state))


@pytest.mark.parametrize("which", ["weight_ih", "weight_hh"])
def test_layer_norm_makes_the_scale_of_the_weights_and_a_shift_of_all_rows_mean_nothing(which, monkeypatch):
    monkeypatch.setattr("rnnzoo.layers.layer_norm_lstm.EPSILON", 1e-300)  # with it the invariance holds to a hair
    cell = made(LayerNormLSTM)
    cell.backend = "reference"  # native code has the number in it, from its first use on
    x, state = start(cell)
    before = cell(x, state)
    with torch.no_grad():
        weight = getattr(cell, which)
        weight.mul_(7.0).add_(torch.randn(1, weight.shape[1], dtype=torch.float64))
    close(cell(x, state), before)
    with torch.no_grad():
        weight[0] *= 2  # of one unit alone
    assert (cell(x, state)[0] - before[0]).abs().max() > 1e-3


@pytest.mark.parametrize("chunk_size", [1, 2, 4])
def test_master_gates_rise_and_fall_over_the_channels_between_zero_and_one(chunk_size):
    cell = made(ONLSTM, chunk_size=chunk_size)
    x, state = start(cell)
    gates = cell.gate_values(3 * x, state).gates
    forget, keep_out = gates["master_forget"], gates["master_input"]
    assert forget.shape[-1] == H // chunk_size
    assert (forget.diff(dim=-1) > 0).all()
    assert (keep_out.diff(dim=-1) < 0).all()
    close(forget[..., -1], torch.ones_like(forget[..., -1]))
    close(keep_out[..., -1], torch.zeros_like(forget[..., -1]))
    assert forget.min() > 0
    assert keep_out.max() < 1 + 1e-12


def test_the_channels_of_a_chunk_share_their_master_gates():
    cell = made(ONLSTM, chunk_size=2)
    with torch.no_grad():
        for parameter in cell.parameters():
            for block in parameter[4:].split(H):  # past the master gates: both channels of a chunk alike
                block[1::2] = block[::2]
    x, (h, c) = start(cell)
    c = c[:, ::2].repeat_interleave(2, -1)
    y = cell(x, (h, c))[0]
    close(y[..., ::2], y[..., 1::2])


def test_a_master_forget_gate_that_erases_a_channel_erases_all_before_it():
    cell = made(ONLSTM)
    with torch.no_grad():
        cell.bias_ih[:H] = torch.tensor([-1e3, -1e3, 1e3, -1e3])  # the split stands at the third channel
        cell.bias_ih[H : 2 * H] = torch.tensor([-1e3, -1e3, -1e3, 1e3])
        cell.bias_ih[2 * H : 3 * H] = -1e4  # the input gate closed: what is left of c is what was kept
    x, (h, c) = start(cell, time=1)
    _, (_, end) = cell(x, (h, c))
    gates = {name: value[:, 0] for name, value in cell.gate_values(x, (h, c)).gates.items()}
    close(end[:, :2], gates["candidate"][:, :2])  # erased, and written anew
    close(end[:, 2], gates["forget"][:, 2] * c[:, 2])  # where both masters are open the LSTM's own gates decide
    close(end[:, 3], c[:, 3])  # kept


def test_the_input_of_a_multiplicative_network_chooses_its_transition():
    cell = made(MultiplicativeRNN, factors=5)
    x, (h,) = start(cell, time=1)
    with torch.no_grad():
        cell.weight_ih[5:] = 0  # the input acts through the factors alone
    matrix = cell.weight_hh_1 @ torch.diag(cell.weight_ih[:5] @ x[0, 0]) @ cell.weight_hh_0
    close(cell(x, (h,))[0][0, 0], torch.tanh(matrix @ h[0] + cell.bias_ih + cell.bias_hh_1))
    close(cell(0 * x, (h,))[0], cell(0 * x, (5 * h,))[0])  # no input, no transition


def test_a_multiplicative_lstm_without_its_factor_sees_the_input_alone():
    cell = made(MultiplicativeLSTM)
    with torch.no_grad():
        cell.weight_ih[:H] = 0
    x, (h, c) = start(cell, time=1)
    close(cell(x, (h, c)), cell(x, (h + 1, c)))
