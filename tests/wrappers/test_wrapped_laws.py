"""A wrapped cell is a cell: in evaluation it obeys the laws that cells obey, whatever kind of cell it is."""

import pytest
import torch

from rnnzoo.laws import LAWS, small_cell
from rnnzoo.registry import LAYERS
from rnnzoo.wrappers import wrap

OF_SEQUENCES = ("shapes", "whole_is_stepped", "whole_is_chunked", "padding_changes_nothing")
OF_CALLS = ("neighbours_change_nothing", "default_state", "dtype_round_trip", "autocast_is_finite", "backends_agree")
EVERY_KIND = ("lstm", "mgu", "indrnn", "mingru", "lru", "qrnn", "tau_gru", "batch_norm_lstm", "gla", "lmu")
ANYWHERE = {
    "zoneout": {"zoneout": {"p": 0.3}},
    "recurrent_dropout": {"recurrent_dropout": {"p": 0.3}},
    "inputs": {"variational_dropout": {"input": 0.3}},
    "learned": {"learned_state": None, "layer_norm": None},
}
GATED = {
    "weights": {"weight_drop": {"p": 0.3}, "zoneout": {"p": 0.2}},
    "factors": {"variational_dropout": {"state": 0.3}, "weight_drop": {"p": 0.3}},
    "normed_state": {"layer_norm": {"on": "state"}, "learned_state": {}},
}
CASES = [(layer, wrappers) for layer in EVERY_KIND for wrappers in ANYWHERE.values()]
CASES += [(layer, wrappers) for layer in ("lstm", "mgu") for wrappers in GATED.values()]


def wrapped(layer, wrappers):
    torch.manual_seed(0)
    cell = wrap(small_cell(LAYERS.entry(layer)), wrappers).double().eval()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return cell


@pytest.mark.parametrize(
    ("layer", "wrappers"), CASES, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_a_wrapped_cell_obeys(layer, wrappers):
    entry = LAYERS.entry(layer)
    for law in OF_SEQUENCES if layer not in ("lstm", "lru") else OF_SEQUENCES + OF_CALLS:
        if law not in entry.exemptions:
            LAWS[law](lambda: wrapped(layer, wrappers), entry)
