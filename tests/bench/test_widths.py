"""A budget gives each layer the width that its closed form says, out of the widths that it accepts."""

import pytest

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import expand
from rnnzoo.bench.widths import solve_width
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import DATA, LAYERS

TOKENS, CLASSES, E = 10, 19, 8
CLOSED_FORMS = {  # parameters of the recurrent layer with H units
    "srn": lambda H: H * E + H * H + 2 * H,
    "lstm": lambda H: 4 * (H * E + H * H + 2 * H),
    "mingru": lambda H: 2 * (H * E + H),
}


def whole(layer, H):
    """Embedding, layer and head."""
    return TOKENS * E + CLOSED_FORMS[layer](H) + H * CLASSES + CLASSES


def solved(layer, budget, tolerance=0.05, **model):
    spec = DATA.create("digit_sum", length=5).spec
    return solve_width(
        "sequence_classification", layer, spec, {"embedding_size": E, **model}, budget, tolerance, "table t, entry e"
    )


@pytest.mark.parametrize("budget", [2000, 12000, 50001])
@pytest.mark.parametrize("layer", CLOSED_FORMS)
def test_the_width_is_the_one_whose_closed_form_is_nearest_to_the_budget(layer, budget):
    nearest = min(range(1, 2000), key=lambda H: abs(whole(layer, H) - budget))
    assert solved(layer, budget) == nearest


@pytest.mark.parametrize("H", [1, 2, 7, 8, 9, 64])
def test_the_count_of_a_width_gives_that_width_back(H):
    assert solved("lstm", whole("lstm", H)) == H


class _Headed(SRN):
    """An SRN that wants its width to be a multiple of its heads."""

    def __init__(self, input_size, hidden_size, *, heads=5, **common):
        if hidden_size % heads:
            raise ValueError(f"hidden_size is {hidden_size}; expected a multiple of heads={heads}.")
        super().__init__(input_size, hidden_size, **common)


class _Constant(SRN):
    """An SRN of 3 units, whatever it is asked for."""

    def __init__(self, input_size, hidden_size, **common):
        super().__init__(input_size, 3, **common)


@pytest.fixture
def layer_of(monkeypatch):
    """Puts another cell behind the name ``srn``."""

    def put(cell):
        entry = LAYERS.entry("srn")
        monkeypatch.setitem(
            LAYERS._entries,
            "srn",
            type(entry)(**{**vars(entry), "target": cell, "tiny": {"input_size": 3, "hidden_size": 5}}),
        )

    return put


def test_only_widths_that_the_layer_accepts_are_tried(layer_of):
    layer_of(_Headed)
    for budget in (2000, 5000, 12000):
        nearest = min(range(5, 500, 5), key=lambda H: abs(whole("srn", H) - budget))
        assert solved("srn", budget, tolerance=0.2) == nearest
    assert solved("srn", 2000, tolerance=0.4, layer_options={"heads": 17}) == 34
    assert whole("srn", 34) - 2000 < 2000 - whole("srn", 17)


def test_a_width_that_is_too_far_off_is_an_error_that_names_the_nearest(layer_of):
    layer_of(_Headed)
    below, above = whole("srn", 30), whole("srn", 35)
    with pytest.raises(TableError, match="nearest are") as caught:
        solved("srn", (below + above) // 2)
    for part in (f"{below:,} with hidden_size 30", f"{above:,} with hidden_size 35", "5%", "entry e"):
        assert part in str(caught.value)


def test_the_tolerance_is_of_what_the_width_decides_on():
    fixed = TOKENS * E + CLASSES
    H, budget = 3, whole("lstm", 3) + 40  # 4 units are 143 more
    off = 40 / (budget - fixed)
    assert solved("lstm", budget, tolerance=off + 0.001) == H
    with pytest.raises(TableError):
        solved("lstm", budget, tolerance=off - 0.001)


def test_a_budget_smaller_than_the_embedding_is_an_error():
    with pytest.raises(TableError, match=r"of the 0 that the width decides on; nearest are .* with hidden_size 1"):
        solved("lstm", 50)


def test_a_layer_that_does_not_grow_or_accepts_no_width_is_an_error(layer_of):
    layer_of(_Constant)
    with pytest.raises(TableError, match="no fewer with 8"):
        solved("srn", 2000)
    layer_of(_Headed)
    with pytest.raises(TableError, match=r"accepts no hidden_size up to .* a multiple of heads=1000"):
        solved("srn", 2000, layer_options={"heads": 1000})


def test_working_out_a_width_leaves_the_random_numbers_alone():
    import torch

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    solved("lstm", 2000)
    assert torch.equal(torch.rand(3), expected)


BUDGET = {"parameters": 2000, "model": {"embedding_size": E}, "references": [], "quick": {}}


def test_the_solved_width_is_a_setting_of_the_run_and_part_of_its_hash(small_with):
    entries = [{"layer": "srn"}, {"layer": "lstm"}, {"layer": "none"}]
    srn, lstm, none = expand(small_with(**BUDGET, entries=entries))
    assert (srn.model["hidden_size"], lstm.model["hidden_size"]) == (solved("srn", 2000), solved("lstm", 2000))
    assert (srn.solved, none.solved) == ({"hidden_size": solved("srn", 2000)}, {})
    assert "hidden_size" not in none.model
    written_down = {"embedding_size": E, "hidden_size": solved("srn", 2000)}
    (same,) = expand(small_with(model=written_down, entries=[{"layer": "srn"}], references=[], quick={}))
    assert same.spec == srn.spec


def test_an_entry_may_have_a_budget_or_a_width_of_its_own(small_with):
    entries = [
        {"label": "twice", "layer": "srn", "parameters": 4000},
        {"label": "own", "layer": "srn", "model": {"hidden_size": 3}},
    ]
    twice, own = expand(small_with(**BUDGET, entries=entries))
    assert twice.model["hidden_size"] == solved("srn", 4000)
    assert (own.model["hidden_size"], own.solved) == (3, {})


def test_layers_that_are_added_get_the_budget_too(small_with):
    (run,) = expand(small_with(**BUDGET), layers=["mingru"])
    assert run.model["hidden_size"] == solved("mingru", 2000)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": 0}, "a number of parameters"),
        ({"parameters": "12k"}, "a number of parameters"),
        ({"tolerance": 5}, "share between 0 and 1"),
        ({"model": {"hidden_size": 8}}, "take it out of `model`"),
        ({"entries": [{"layer": "srn", "parameters": 9, "model": {"hidden_size": 8}}]}, "not both"),
    ],
)
def test_a_budget_that_says_nothing_is_refused(small_with, changes, message):
    with pytest.raises(TableError, match=message):
        small_with(**{**BUDGET, **changes})
