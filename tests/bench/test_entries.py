"""A table may have an entry for every layer there is, with no list to be kept."""

import pytest

from rnnzoo.bench.entries import choose_entries, layer_entries
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.pictures import Drawn, pictures
from rnnzoo.bench.runs import expand
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import load_table
from rnnzoo.layers.srn import SRN
from rnnzoo.registry import LAYERS, UnknownName

BARE = {"quick": {}, "references": []}
ALL = [{"layers": "all", "seeds": 2, "model": {"dropout": 0.1}}]


def labels(entries):
    return [entry.label for entry in entries]


def test_all_is_one_entry_a_registered_layer_with_the_settings_it_has(small_with):
    entries = layer_entries(small_with(**BARE, entries=ALL))
    assert labels(entries) == [entry.layer for entry in entries] == LAYERS.names()
    assert {entry.seeds for entry in entries} == {2}
    assert all(entry.model == {"dropout": 0.1} for entry in entries)


def test_a_layer_registered_later_is_among_them(small_with, monkeypatch):
    entry = LAYERS.entry("srn")
    monkeypatch.setitem(LAYERS._entries, "mine", type(entry)(**{**vars(entry), "name": "mine", "target": SRN}))
    assert "mine" in labels(layer_entries(small_with(**BARE, entries=ALL)))


def test_patterns_choose_by_name_and_each_layer_is_there_once(small_with):
    entries = [{"layers": ["min*", "*gru"]}, {"layers": "m*gru", "seeds": 5}]
    chosen = layer_entries(small_with(**BARE, entries=entries))
    assert sorted(labels(chosen)) == sorted({*LAYERS.names("min*"), *LAYERS.names("*gru")})
    assert {entry.seeds for entry in chosen} == {1}


def test_an_entry_of_its_own_keeps_a_layer_out_of_all_and_others_may_stand_beside_it(small_with):
    own = [{"layer": "lstm", "seeds": 7}, {"label": "no recurrence", "layer": "none"}]
    entries = layer_entries(small_with(**BARE, entries=[*ALL, *own]))
    assert labels(entries).count("lstm") == 1
    assert [entry.seeds for entry in entries if entry.label == "lstm"] == [7]
    assert labels(entries)[-1] == "no recurrence"


def test_layers_filters_and_adds_by_name_by_pattern_and_all(small_with):
    table = small_with(**BARE, entries=[{"label": "one", "layer": "srn", "seeds": 4}])
    assert labels(choose_entries(table, ["one", "mingru", "one"])) == ["one", "mingru"]
    assert labels(choose_entries(table, ["min*"])) == LAYERS.names("min*")
    assert labels(choose_entries(table, ["all"])) == ["one", *LAYERS.names()]
    whole = small_with(**BARE, entries=ALL)
    assert [entry.seeds for entry in choose_entries(whole, ["gru", "none"])] == [2, 1]


def test_quick_and_references_may_name_a_layer_of_a_pattern(small_with):
    table = small_with(entries=[{"layers": "all"}], quick={"entries": ["gru"]}, references=[])
    assert [run.label for run in expand(table, quick=True)] == ["gru"]
    small_with(**{**BARE, "references": [{"label": "srn", "value": 0.5, "source": "s"}]}, entries=[{"layers": "s*"}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entries": [{"layers": "all", "label": "x"}]}, "`layers` alone"),
        ({"entries": [{"layers": "all", "layer": "srn"}]}, "`layers` alone"),
        ({"entries": [{"label": "x"}]}, "give `layer`"),
        ({"entries": [{"layers": 3}]}, "a pattern such as"),
        ({"entries": [{"layers": []}]}, "a pattern such as"),
        ({"entries": [{"layers": "s*"}], "quick": {"entries": ["gru"]}}, "unknown entry 'gru'"),
    ],
)
def test_a_mistaken_pattern_entry_is_named(small_with, changes, message):
    with pytest.raises(TableError, match=message):
        small_with(**{**BARE, **changes})


def test_a_pattern_that_means_nothing_is_an_error(small_with):
    with pytest.raises(TableError, match=r"no layer is named zzz\*"):
        layer_entries(small_with(**BARE, entries=[{"layers": "zzz*"}]))
    with pytest.raises(TableError, match=r"named zzz\*"):
        choose_entries(small_with(**BARE), ["zzz*"])
    with pytest.raises(UnknownName, match="did you mean"):
        choose_entries(small_with(**BARE, entries=ALL), ["lstn"])


def test_lines_of_a_pattern_are_ranked_behind_the_entries_that_are_named(small_with, row):
    table = small_with(**BARE, entries=[{"layers": "all"}, {"label": "none", "layer": "none"}])
    values = {"gru": 0.5, "lstm": 0.9, "none": 0.1, "srn": 0.5, "mingru": 0.7}
    rows = [row(label=label, layer=label, spec=label, value=value) for label, value in values.items()]
    assert labels(summarise(table, rows)) == ["none", "lstm", "mingru", "gru", "srn"]
    falling = small_with(**BARE, entries=[{"layers": "all"}], monitor={"metric": "loss", "mode": "min"})
    rows = [row(label=label, layer=label, spec=label, metric="loss", value=value) for label, value in values.items()]
    assert labels(summarise(falling, rows))[-1] == "lstm"


def test_memory_span_has_every_layer_at_one_budget_twice_and_a_baseline():
    table = load_table("memory-span")
    names = ["lstm", "srn", "mingru", "no recurrence"]
    assert {*LAYERS.names(), "no recurrence"} == {entry.label for entry in layer_entries(table)}
    runs = expand(table, layers=names)
    assert len(runs) == 2 * len(names)
    assert [run.data["length"] for run in runs] == [35] * len(runs)
    baseline = runs[-1]
    assert (baseline.layer, baseline.solved) == ("none", {})
    E = baseline.model["embedding_size"]
    assert abs(10 * E + 19 * E + 19 - table.parameters) < 0.05 * table.parameters


def test_the_ranking_is_drawn_of_the_layers_against_baseline_and_chance(small_with, row, tmp_path):
    entries = [{"layers": "all"}, {"label": "no recurrence", "layer": "none"}]
    table = small_with(**BARE, entries=entries, figures=["ranking"])
    values = {"gru": 0.5, "mingru": 0.75, "gone": 0.25}
    rows = [row(label=label, layer=label, spec=label, value=value) for label, value in values.items()]
    rows.append(row(label="no recurrence", layer="none", spec="none", value=0.125))
    (axis,) = pictures(Drawn(table, summarise(table, rows), tmp_path))["ranking"].axes
    names = [label.get_text().split()[0] for label in axis.get_yticklabels()]
    assert names == ["mingru", "gru", "gone"]
    assert {"no recurrence 0.12", "chance 0.05"} <= {text.get_text() for text in axis.texts}
    kinds = {handle.get_label() for handle in axis.get_legend().legend_handles}
    assert kinds == {"scan", "gated", "other"}
    varied = small_with(**BARE, figures=["ranking"], data={"name": "digit_sum"}, variants={"length": [5]})
    with pytest.raises(TableError, match="length varies"):
        pictures(Drawn(varied, [], tmp_path))
