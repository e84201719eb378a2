"""A stage may do without biases: on its input blocks, on its recurrent product, or on both."""

import pytest
import torch
from tolerances import close

from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage

I, H = 3, 4


def _first(a, _):
    return (torch.sigmoid(a[..., 0, :]),)


def _second(x, u, h):
    return (torch.tanh(x[..., 0, :] + u[..., 0, :] + u[..., 1, :] * h),)


class Two(GatedCell):
    """Two stages, whose biases a subclass leaves out."""

    stages = (Stage("h", 1, 1, _first, (), ("r",), summed=True), Stage("r", 1, 2, _second, ("h",), ("h",)))


def without(cell_sizes, *stages):
    class Other(Two):
        sizes = cell_sizes

    Other.stages = stages
    return Other(I, H, dtype=torch.float64)


FIRST, SECOND = Two.stages
CASES = {
    "inputs of the first": (FIRST._replace(input_bias=False), SECOND),
    "inputs of the second": (FIRST, SECOND._replace(input_bias=False)),
    "product of the first": (FIRST._replace(recurrent_bias=False), SECOND),
    "product of the second": (FIRST, SECOND._replace(recurrent_bias=False)),
    "all": tuple(stage._replace(input_bias=False, recurrent_bias=False) for stage in Two.stages),
}
INPUT_ROWS = {"inputs of the first": slice(0, H), "inputs of the second": slice(H, None), "all": slice(None)}
RECURRENT_ROWS = {"product of the first": slice(0, H), "product of the second": slice(H, None), "all": slice(None)}


def rest(bias, rows):
    keep = torch.ones(len(bias), dtype=torch.bool)
    keep[rows] = False
    return bias[keep]


@pytest.mark.parametrize("backend", ["reference", "torch"])
@pytest.mark.parametrize("case", CASES)
def test_a_stage_without_a_bias_is_one_whose_bias_is_zero(case, backend):
    full, cell = Two(I, H, dtype=torch.float64), without({}, *CASES[case])
    weights = dict(full.state_dict())
    with torch.no_grad():
        for name, rows in {"bias_ih": INPUT_ROWS.get(case), "bias_hh": RECURRENT_ROWS.get(case)}.items():
            if rows is not None:
                weights[name][rows] = 0  # in place: it is the full cell's too
                weights[name] = rest(weights[name], rows)
    cell.load_state_dict({name: value for name, value in weights.items() if len(value)})
    full.backend = cell.backend = backend
    x, state = torch.randn(2, 5, I, dtype=torch.float64), (torch.randn(2, H, dtype=torch.float64),)
    close(cell(x, state), full(x, state))
    close(cell.step(x[:, 0], state), full.step(x[:, 0], state))


def test_a_cell_whose_stages_have_no_bias_has_no_parameter_for_one():
    cell = without({}, *CASES["all"])
    assert cell.bias_ih is None
    assert cell.bias_hh is None
    assert {name for name, _ in cell.named_parameters()} == {"weight_ih", "weight_hh"}


def test_products_of_unlike_widths_leave_out_biases_one_by_one():
    first, second = FIRST._replace(size=2, recurrent_bias=False), SECOND
    cell = without({"r": 2}, first, second)
    assert [tuple(p.shape) for p in (cell.weight_hh_0, cell.weight_hh_1)] == [(2, H), (2 * H, 2)]
    assert cell.bias_hh_0 is None
    assert cell.bias_hh_1.shape == (2 * H,)
    x = torch.randn(2, 5, I, dtype=torch.float64)
    cell.backend = "reference"
    expected = cell(x)
    cell.backend = "torch"
    close(cell(x), expected)
