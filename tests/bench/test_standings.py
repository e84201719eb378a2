"""All layers by several tables: places worked out by hand, what is lacking, training time over seeds, states."""

import pytest
import torch

import rnnzoo
from rnnzoo.bench.collected import Collected
from rnnzoo.bench.standings import INPUT, budget_tables, standings, state_size
from rnnzoo.bench.table import list_tables, load_table

BUDGET = {"parameters": 1000, "model": {}, "quick": {}, "entries": [{"layers": "all"}], "references": []}

# layer, seed, what it reached
UP = [("lstm", 0, 0.5), ("srn", 0, 0.8), ("srn", 1, 1.0), ("gru", 0, 0.5), ("lem", 0, 1.0)]
DOWN = [("lstm", 0, 1.0), ("srn", 0, 3.0), ("gru", 0, 2.0), ("none", 0, 0.1)]


@pytest.fixture
def collected(small_with, row):
    """Two tables, more and less is better; lem is in the first alone, and srn has two seeds there."""
    reached = {
        "up": ({"metric": "accuracy", "mode": "max"}, UP),
        "down": ({"metric": "loss", "mode": "min"}, DOWN),
    }  # fmt: skip
    found = {}
    for name, (monitor, values) in reached.items():
        table = small_with(name=name, monitor=monitor, **BUDGET)
        rows = [
            row(
                table=name, spec=f"{name}-{layer}", label=layer, layer=layer, seed=seed, metric=monitor["metric"],
                value=value, seconds=10.0 + 20 * seed, solved={"hidden_size": 7},
            )
            for layer, seed, value in values
        ]  # fmt: skip
        found[name] = Collected(table, rows)
    return found


def test_the_mean_place_is_among_the_layers_of_all_tables_and_equals_share_theirs(collected):
    found = {one.layer: one.place for one in standings(collected)}
    # up: srn 1, lstm and gru share 2 and 3; down: lstm 1, gru 2, srn 3; lem is not in both; none is no layer
    assert found == {"lstm": (2.5 + 1) / 2, "gru": (2.5 + 2) / 2, "srn": (1 + 3) / 2, "lem": None}
    assert [one.layer for one in standings(collected)] == ["lstm", "srn", "gru", "lem"]


def test_training_time_is_a_mean_over_seeds_and_a_sum_over_tables(collected):
    assert {one.layer: one.seconds for one in standings(collected)} == {
        "lstm": 20.0, "gru": 20.0, "srn": (10 + 30) / 2 + 10, "lem": 10.0,
    }  # fmt: skip


def test_a_state_has_the_width_worked_out_or_that_of_its_entry(collected, small_with, row):
    table = small_with(
        name="up", **{**BUDGET, "entries": [{"layers": "all"}, {"layer": "esn", "model": {"hidden_size": 9}}]}
    )
    rows = [row(table="up", label=layer, layer=layer, spec=layer, solved=solved) for layer, solved in
            (("lstm", {"hidden_size": 7}), ("esn", {}))]  # fmt: skip
    assert {one.layer: one.states for one in standings({"up": Collected(table, rows)})} == {"lstm": (14,), "esn": (9,)}


def test_the_tables_of_one_budget_are_those_that_give_it_to_every_layer():
    tables = {name: load_table(name) for name in list_tables()}
    found = budget_tables(tables)
    assert {"equal-budget-digit-sum", "equal-budget-digits", "equal-budget-text", "memory-span"} <= set(found)
    assert "names" not in found  # a budget, but for a few layers alone


@pytest.mark.parametrize("layer", ["lstm", "rhn", "mamba", "deltanet", "dilated"])
def test_a_state_has_as_many_numbers_as_a_layer_gives_back(layer):
    made = rnnzoo.create_layer(layer, INPUT, 8, batch_first=True).eval()
    with torch.no_grad():
        _, state = made(torch.zeros(1, 2, INPUT))
    assert state_size(layer, 8) == sum(part.numel() for part in flattened(state))


def flattened(state):
    """The tensors of a state, however it is nested."""
    return [state] if isinstance(state, torch.Tensor) else [part for each in state for part in flattened(each)]
