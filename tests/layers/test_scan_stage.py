"""Scan cells that work channel by channel go from products to output in one native loop, with the same numbers."""

import copy
import pickle

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._scan_stage import ChannelWeight, scan_stage
from rnnzoo.ops import _c_kernel
from rnnzoo.registry import LAYERS

CELLS = [
    ("mingru", {}), ("mingru", {"form": "log"}), ("mingru", {"bias": False}), ("minlstm", {}),
    ("minlstm", {"form": "log"}), ("qrnn", {"pooling": "f"}), ("qrnn", {"pooling": "fo", "window": 3}),
    ("qrnn", {"pooling": "ifo", "window": 1}), ("trnn", {}), ("trnn", {"bias": False}), ("tgru", {}), ("tlstm", {}),
    ("rg_lru", {}), ("rg_lru", {"num_heads": 5, "bias": False}), ("rwkv4", {}), ("hgrn", {}),
    ("hgrn", {"layer_index": 1, "num_layers": 3}),
]  # fmt: skip


def made(name, options, inputs=3, hidden=5, dtype=torch.float64):
    return LAYERS.entry(name).target(inputs, hidden, dtype=dtype, **options)


def example(cell, B, T):
    """Input and states; sums of weights are above zero."""
    dtype = next(cell.parameters()).dtype
    x = torch.randn(B, T, cell.input_size, dtype=dtype, requires_grad=True)
    state = [torch.randn_like(member) for member in cell.initial_state(B)]
    return x, tuple(
        (h.abs() if name == "u" else h).requires_grad_() for name, h in zip((*cell.states, "tail"), state, strict=False)
    )


def ran(cell, backend, x, state, lengths=None):
    cell.backend = backend
    y, final = cell(x, state, lengths)
    assert cell.last_backend == backend
    generator = torch.Generator().manual_seed(3)
    parts = (y, *final)
    score = sum((part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum() for part in parts)
    leaves = [value for value in (x, *state, *cell.parameters()) if value.is_leaf]
    return (*parts, *torch.autograd.grad(score, leaves))


@pytest.mark.parametrize(("name", "options"), CELLS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_cell_in_one_loop_equals_the_reference_in_value_and_gradient(name, options, dtype):
    cell = made(name, options, dtype=dtype)
    for B, T in ((1, 1), (3, 1), (1, 9), (5, 20)):
        x, state = example(cell, B, T)
        assert scan_stage(cell, x, state, "c") is not None
        for lengths in (None, torch.randint(1, T + 1, (B,))):
            close(ran(cell, "c", x, state, lengths), ran(cell, "reference", x, state, lengths))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("hidden", [1, 8, 33])
def test_widths_and_threads_do_not_count(hidden, threads, monkeypatch):
    monkeypatch.setattr(_c_kernel, "SMALL", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    cell = made("tlstm", {}, hidden=hidden)
    x, state = example(cell, 7, 11)
    close(ran(cell, "c", x, state), ran(cell, "reference", x, state))


def test_how_the_input_lies_in_memory_does_not_count():
    cell = made("mingru", {})
    x, state = example(cell, 4, 6)
    expected = ran(cell, "reference", x, state)[:2]
    turned = x.detach().transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    assert not turned.is_contiguous()
    close(ran(cell, "c", turned, state)[:2], expected)


@pytest.mark.parametrize(("name", "options"), [CELLS[0], CELLS[6], *CELLS[-3:]], ids=str)
@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 1])], ids=["whole", "ragged"])
def test_first_and_second_derivatives_equal_finite_differences(name, options, lengths):
    cell = made(name, options)
    x, state = example(cell, 2, 3)
    cell.backend = "c"
    names = [name for name, _ in cell.named_parameters()]

    def run(x, *rest):
        parameters = dict(zip(names, rest[len(state) :], strict=True))
        y, final = torch.func.functional_call(cell, parameters, (x, rest[: len(state)], lengths))
        return y, *final

    inputs = (x, *state, *(p.detach().clone().requires_grad_() for p in cell.parameters()))
    assert gradcheck(run, inputs)
    assert gradgradcheck(run, inputs)


def test_the_gradients_of_each_row_by_torch_func():
    cell = made("minlstm", {})
    x, _ = example(cell, 4, 6)
    parameters = {name: value.detach() for name, value in cell.named_parameters()}

    def score(parameters, row):
        return torch.func.functional_call(cell, parameters, (row.unsqueeze(0),))[0].square().sum()

    each = torch.func.vmap(torch.func.grad(score), (None, 0))(parameters, x.detach())
    for row in range(4):
        alone = torch.autograd.grad(cell(x[row : row + 1])[0].square().sum(), list(cell.parameters()))
        close(tuple(value[row] for value in each.values()), alone)


def test_neither_gates_nor_coefficients_are_kept():
    cell = made("minlstm", {}, inputs=2, hidden=8)
    x, state = example(cell, 4, 50)
    kept = {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        cell(x, state)
    step = 4 * 50 * 8
    assert sum(kept.values()) < 4 * step + 4 * 50 * 2 + 1000  # the three products, the states and x


class Own(ScanCell):
    blocks = 2
    gate_names = ("forget", "candidate")

    def activate(self, f, c):
        return torch.sigmoid(f), torch.tanh(c)

    def coefficients(self, f, c):
        return f, (1 - f) * c


class Reading(Own):
    """Reads a weight of channels and a buffer."""

    weights = ("scale",)

    def __init__(self, *sizes, **common):
        super().__init__(*sizes, **common)
        self.register_buffer("floor", torch.full((1,), 0.25, dtype=torch.float64))

    def coefficients(self, f, c):
        return torch.maximum(f, self.floor), self.scale * c


class Weighted(Own):
    """Reads weights of channels, one as it is and one made of a parameter."""

    weights = ("scale", "log_slope")

    @ChannelWeight
    def slope(self):
        return torch.exp(self.log_slope)

    def coefficients(self, f, c):
        return f, self.scale * c

    def readout(self, h, f, c):
        return self.slope * h


class Mixing(Own):
    """Looks at its first channel everywhere, which a single channel cannot show."""

    def coefficients(self, f, c):
        return f[..., :1] + 0 * f, (1 - f) * c


class Unwritable(Own):
    def activate(self, f, c):
        return torch.softmax(f, -1), torch.tanh(c)


class TwoStates(Own):
    states = ("h", "n")

    def coefficients(self, f, c):
        return f, (1 - f) * c, 1 - f, f * c

    def readout(self, h, n, f, c):
        return h * f + torch.sin(n)


class Stopping(Own):
    """Lets no gradient through its decay."""

    def coefficients(self, f, c):
        return f.detach(), (1 - f) * c


@pytest.mark.parametrize(
    ("kind", "there"),
    [
        (Stopping, True),
        (Own, True),
        (Weighted, True),
        (TwoStates, True),
        (Reading, False),
        (Mixing, False),
        (Unwritable, False),
    ],
)
@pytest.mark.parametrize("hidden", [1, 4])
def test_what_is_no_arithmetic_of_single_channels_is_left_to_the_scan(kind, there, hidden):
    cell = kind(3, hidden, dtype=torch.float64)
    x, state = example(cell, 3, 7)
    assert (scan_stage(cell, x, state, "c") is not None) == there
    close(ran(cell, "c", x, state), ran(cell, "reference", x, state))


def test_the_unit_of_griffin_takes_its_input_as_it_is_where_it_has_the_states_width():
    cell = made("rg_lru", {}, inputs=5)
    x, state = example(cell, 3, 7)
    assert scan_stage(cell, x, state, "c") is not None
    close(ran(cell, "c", x, state), ran(cell, "reference", x, state))


@pytest.mark.parametrize("bias", [True, False])
def test_a_narrow_input_of_griffins_unit_takes_one_product_where_the_rows_repay_it(bias):
    cell = made("rg_lru", {"bias": bias}, inputs=2)
    assert cell.one_product(1) is None
    assert cell.one_product(60)[0].shape == (15, 2)
    x, state = example(cell, 3, 20)
    close(ran(cell, "c", x, state), ran(cell, "reference", x, state))


def test_cells_of_the_same_arithmetic_share_their_code_and_others_do_not():
    def found(name, options):
        cell = made(name, options)
        return scan_stage(cell, *example(cell, 1, 1), "c")

    assert found("mingru", {}) == found("mingru", {"bias": False})
    assert found("mingru", {}) != found("mingru", {"form": "log"})


def test_what_is_changed_on_a_cell_that_has_run_counts():
    cell, other = made("mingru", {}), made("mingru", {"form": "log"})
    other.load_state_dict(cell.state_dict())
    x, state = example(cell, 2, 5)
    ran(cell, "c", x, state)
    cell.form = "log"
    close(ran(cell, "c", x, state)[:2], ran(other, "reference", x, state)[:2])
    cell.coefficients = lambda z, c: (z, c)
    assert scan_stage(cell, x, state, "c") is None
    close(ran(cell, "c", x, state)[:2], ran(cell, "reference", x, state)[:2])


def test_a_cell_that_has_run_is_copied_and_pickled():
    cell = made("tlstm", {})
    x, state = example(cell, 2, 5)
    expected = ran(cell, "c", x, state)
    for again in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        close(ran(again, "c", x, state), expected)


def test_under_autocast_the_recurrence_is_carried_in_float32():
    cell = made("qrnn", {}, dtype=torch.float32)
    x, state = example(cell, 2, 5)
    with torch.autocast("cpu", torch.bfloat16):
        y, final = cell(x, state)
    assert (cell.last_backend, y.dtype, final[0].dtype) == ("c", torch.float32, torch.float32)
    torch.testing.assert_close(y, cell(x, state)[0], rtol=2e-2, atol=2e-2)
