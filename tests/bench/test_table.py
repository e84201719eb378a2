"""A table that cannot be carried out is refused before anything is trained, with a message that helps."""

import pytest
import yaml

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.table import list_tables, load_table, parse_table
from rnnzoo.registry import UnknownName

GOOD = {
    "name": "t",
    "title": "T",
    "task": "sequence_classification",
    "data": {"name": "digit_sum"},
    "variants": {"length": [5, 6]},
    "entries": [{"label": "one", "layer": "srn"}, {"layer": "lstm", "seeds": 2}],
}


def parsed(**changes):
    return parse_table(yaml.safe_dump({**GOOD, **changes}), "t.yaml")


def test_an_entry_without_label_is_called_after_its_layer():
    assert [entry.label for entry in parsed().entries] == ["one", "lstm"]


def test_the_package_has_its_tables_and_each_is_sound():
    names = list_tables()
    assert {"digit-sum", "imdb"} <= set(names)
    assert [load_table(name).name for name in names] == names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trainr": {}}, "did you mean trainer"),
        ({"entries": [{"label": "a", "layer": "srn", "sedes": 3}]}, "did you mean seeds"),
        ({"entries": [{"label": "a", "layer": "srn"}, {"label": "a", "layer": "gru"}]}, "two entries are labelled 'a'"),
        ({"entries": []}, "at least one entry"),
        ({"entries": {"label": "a"}}, "expected a list"),
        ({"data": {}}, "name of a dataset"),
        ({"monitor": {"metric": "accuracy", "mode": "maximal"}}, "max or min"),
        ({"quick": {"entries": ["lstn"]}}, "did you mean lstm"),
        ({"quick": {"seed": 1}}, "did you mean seeds"),
        ({"references": [{"label": "srm", "value": 1.0, "source": "s"}]}, "unknown entry 'srm'"),
        ({"references": [{"value": 1.0, "source": "s"}]}, "give `label`"),
        ({"references": [{"label": "one", "value": 1.0, "source": "s", "variant": {"lenght": 5}}]}, "length"),
        ({"references": [{"label": "one", "value": 1.0}]}, "source"),
        ({"variants": {"length": 5}}, "expected a list"),
    ],
)
def test_a_mistake_in_a_table_is_named(changes, message):
    with pytest.raises(TableError, match=message):
        parsed(**changes)


def test_text_that_is_no_yaml_is_refused():
    with pytest.raises(TableError, match=r"t\.yaml is not YAML"):
        parse_table("a: [", "t.yaml")


def test_an_unknown_table_is_answered_with_near_misses():
    with pytest.raises(UnknownName, match="did you mean digit-sum"):
        load_table("digitsum")


def test_a_missing_table_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(TableError, match="there is no table file"):
        load_table(str(tmp_path / "no.yaml"))


def test_the_digit_sum_references_are_all_there_and_in_the_published_order():
    references = load_table("digit-sum").references
    means = {label: [r.value for r in references if r.label == label] for label in ("srn", "lstm")}
    assert means["srn"] == [0.754, 0.692, 0.600, 0.460, 0.464, 0.412]
    assert means["lstm"] == [0.904, 0.860, 0.848, 0.792, 0.730, 0.528]
    assert [r.variant["length"] for r in references] == [10, 15, 20, 25, 30, 35] * 2
