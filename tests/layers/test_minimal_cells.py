"""What minGRU and minLSTM have in common: a convex recurrence, in a plain and in a log-space form."""

import pytest
import torch
from layers.minimal import FORMS, cell
from oracles.mingru import oracle as mingru_oracle
from oracles.minlstm import oracle as minlstm_oracle
from tolerances import close

from rnnzoo.layers.mingru import MinGRU
from rnnzoo.layers.minlstm import MinLSTM

ORACLES = {MinGRU: mingru_oracle, MinLSTM: minlstm_oracle}
GATES = {MinGRU: 1, MinLSTM: 2}  # blocks of weight_ih before the candidate's

both_cells = pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
both_forms = pytest.mark.parametrize("form", FORMS)


@both_cells
@both_forms
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("backend", ["reference", "torch", "c"])
@pytest.mark.parametrize("given_state", [True, False])
def test_equals_the_paper(kind, form, bias, backend, given_state):
    made = cell(kind, form, bias=bias)
    made.backend = backend
    x = torch.randn(2, 80, 3, dtype=torch.float64)
    state = (torch.rand(2, 4, dtype=torch.float64),)  # of 0 or more, as the logarithm wants
    y, final = made(x, state if given_state else None)
    start = state[0] if given_state else torch.zeros(2, 4, dtype=torch.float64)
    weights = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
    y_paper, final_paper = ORACLES[kind](x.numpy(), (start.numpy(),), weights, form=form)
    close(y, torch.from_numpy(y_paper))
    close(final[0], torch.from_numpy(final_paper[0]))
    assert made.last_backend == backend


@both_cells
@both_forms
def test_whole_equals_chunked_equals_stepped_from_a_state_of_either_sign(kind, form):
    made = cell(kind, form)
    x = torch.randn(2, 70, 3, dtype=torch.float64)
    state = (torch.randn(2, 4, dtype=torch.float64),)
    y, final = made(x, state)
    first, middle = made(x[:, :23], state)
    second, end = made(x[:, 23:], middle)
    close((torch.cat((first, second), 1), end), (y, final))
    for t in range(70):
        y_t, state = made.step(x[:, t], state)
        close(y_t, y[:, t])
    close(state, final)


@both_cells
@both_forms
def test_states_stay_between_the_least_and_greatest_of_candidates_and_initial_state(kind, form):
    made = cell(kind, form)
    x = 5 * torch.randn(4, 100, 3, dtype=torch.float64)
    h0 = torch.randn(4, 4, dtype=torch.float64)
    y, _ = made(x, (h0,))
    candidate = slice(4 * GATES[kind], None)
    c = x @ made.weight_ih[candidate].T + made.bias_ih[candidate]
    if form == "log":
        c = torch.where(c >= 0, c + 0.5, c.sigmoid())
    seen = torch.cat((h0.unsqueeze(1), c), 1)
    assert (y <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (y >= seen.cummin(1).values[:, 1:] - 1e-12).all()


@both_cells
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_states_of_the_log_form_are_positive(kind, dtype):
    assert (cell(kind, "log", dtype=dtype)(torch.randn(4, 100, 3, dtype=dtype))[0] > 0).all()


@both_cells
def test_padding_reaches_neither_output_nor_gradient(kind):
    made = cell(kind)
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    alone = made(x[1:, :4])
    padded = x.clone()
    padded[1, 4:] = torch.nan
    y, final = made(padded, lengths=torch.tensor([9, 4]))
    close((y[1:, :4], final[0][1:]), (alone[0], alone[1][0]))
    assert not y[1, 4:].any()
    (y.square().sum() + final[0].sum()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())


@both_cells
def test_parameters_are_drawn_within_one_over_root_h_and_count_as_the_formula(kind):
    made = kind(30, 100)
    assert sum(parameter.numel() for parameter in made.parameters()) == (GATES[kind] + 1) * 100 * (30 + 1)
    assert all(0.09 < parameter.abs().max() <= 0.1 for parameter in made.parameters())
    assert kind(3, 4, bias=False).bias_ih is None
