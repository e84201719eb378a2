"""The site says what the rows say, reads each file once, and takes the old one's place only when it is whole."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml
from site_pages import Page

from rnnzoo.bench.errors import MissingTrace, NoRows, TableError
from rnnzoo.bench.site.build import build_site
from rnnzoo.bench.site.marks import sort_value
from rnnzoo.bench.site.scatter import Dot, front, scatter
from rnnzoo.contracts import ResultRow


@pytest.fixture
def own(tmp_path, small_text):
    """The file of a table that is none of the package's."""
    raw = {**yaml.safe_load(small_text), "figures": [], "variants": {"length": [5, 9]}}
    raw["data"].pop("length")
    raw["references"] = [
        {
            "label": "srn",
            "variant": {"length": 5},
            "value": 0.25,
            "source": "A & B",
            "url": "https://example.org/?a=1&b=2",
        },
        {"model": "theirs", "variant": {"length": 9}, "value": 0.75, "spread": 0.5, "n": 3, "source": "C"},
    ]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def put(results, rows):
    """Write rows as the benchmark does: a file a run."""
    for row in rows:
        path = results / row.table / f"{row.spec}-{row.layer}-{row.seed}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")


@pytest.fixture
def results(tmp_path, row):
    """Of the small table two seeds of srn and one of gru, at length 5 of 5 and 9."""
    every = [
        row(
            label=label, layer=label, spec=label, seed=seed, split=split, value=value, variant={"length": 5},
            device=f"cpu {label}", commit="c0ffee1234567", seconds=seconds,
        )
        for label, seed, value, seconds in (("srn", 0, 0.25, 100.0), ("srn", 1, 0.75, 140.0), ("gru", 0, 0.5, 4000.0))
        for split in ("validation", "test")
    ]  # fmt: skip
    put(tmp_path / "results", every)
    return tmp_path / "results"


@pytest.fixture
def site(results, own, tmp_path):
    return build_site(results, tmp_path / "site", [str(own)]).parent


def test_a_page_has_mean_spread_seeds_kind_device_commit_and_time(site):
    page = Page(site / "tables" / "small.html")
    srn, gru, theirs = page.tables["Results of table small"][:3]
    told = ("model", "kind", "length", "seeds", "test accuracy", "training", "device", "commit")
    assert [srn[name] for name in told] == [
        "srn", "gated", "5", "2", "0.500 ± 0.354", "2 min", "cpu srn", "c0ffee1",
    ]  # fmt: skip
    assert (gru["training"], gru["test accuracy"]) == ("67 min", "0.500")
    assert (theirs["model"], theirs["kind"], theirs["device"]) == ("theirs", "published", "")


def test_published_values_stand_beside_what_was_measured_with_their_source(site):
    first, second = Page(site / "tables" / "small.html").tables["Published values for table small"]
    assert first == {
        "model": "srn", "variant": "length 5", "metric": "test accuracy", "published": "0.25", "runs": "",
        "here": "0.500 ± 0.354", "difference": "+0.250", "source": "[1] A & B",
    }  # fmt: skip
    assert (second["published"], second["runs"], second["here"], second["source"]) == ("0.75 ± 0.5", "3", "", "[2] C")


def test_a_page_says_how_far_its_table_is_and_how_to_make_it_again(site, own):
    text = Page(site / "tables" / "small.html").text
    assert "3 of the 6 runs" in text  # srn has two seeds, gru one, at two lengths
    assert "srn length=9: 0 of 2 runs" in text
    assert f"rnnzoo bench run {own}" in text


def test_every_address_within_the_site_is_there(site):
    for path in site.rglob("*.html"):
        for address in Page(path).addresses:
            if not address.startswith(("https:", "http:", "data:")):
                assert (path.parent / address).is_file(), f"{path.name}: {address}"


def test_nothing_is_fetched_from_elsewhere(site):
    for path in (*site.rglob("*.css"), *site.rglob("*.js")):
        assert "//" not in path.read_text().replace("// ", ""), path.name
    page = (site / "index.html").read_text()
    assert 'src="http' not in page
    assert 'rel="stylesheet" href="http' not in page


def test_the_front_page_lists_every_table_with_rows_or_not(site):
    lines = {line["table"]: line for line in Page(site / "index.html").tables["All tables"]}
    assert (lines["small"]["state"], lines["small"]["runs"]) == ("3 of 6 runs", "3")
    assert lines["imdb"]["state"] == "no rows yet: rnnzoo bench run imdb"


def test_the_front_page_ranks_layers_with_cost_and_state(tmp_path, row):
    rows = [
        row(
            table=f"equal-budget-{name}", label=layer, layer=layer, spec=layer, value=value, metric=metric,
            seconds=50.0, trial={"learning_rate": 1.0e-3}, contest=layer, solved={"hidden_size": 7}, split=split,
        )
        for name, metric, reached in (
            ("text", "bits_per_character", {"lstm": 2.0, "gru": 3.0}),
            ("digits", "accuracy", {"lstm": 0.5, "srn": 0.9, "gru": 0.75}),
        )
        for layer, value in reached.items() for split in ("validation", "test")
    ]  # fmt: skip
    put(tmp_path, rows)
    page = Page(build_site(tmp_path, tmp_path / "site"))
    found = {line["layer"]: line for line in page.tables["Every layer at equal budgets"]}
    lstm, srn = found["lstm"], found["srn"]
    expected = {"place": "1", "kind": "gated", "mean place": "1.5", "training": "2 min", "state": "14"}
    assert lstm == {**lstm, **expected, "text: bits per character": "2.000"}
    assert (srn["place"], srn["digits: accuracy"], srn["training"]) == ("", "0.900", "50 s")  # text lacks it
    assert "rnnzoo bench run equal-budget-digit-sum" in page.text


def test_each_file_of_rows_is_read_once(results, own, tmp_path, monkeypatch):
    opened, real = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **given: (opened.append(path), real(path, **given))[1])
    build_site(results, tmp_path / "site", [str(own)])
    read = [path for path in opened if path.suffix == ".jsonl"]
    assert sorted(read) == sorted(results.rglob("*.jsonl"))


def broken_line(results, own):
    path = results / "small" / "srn-srn-1.jsonl"
    path.write_text(path.read_text() + '{"table": "sm\n')
    return TableError, r"srn-srn-1.jsonl:3 is no JSON"


def without_source(results, own):
    raw = yaml.safe_load(own.read_text())
    raw["references"][1]["source"] = " "
    own.write_text(yaml.safe_dump(raw))
    return TableError, r"own.yaml, references: 0.75 of 'theirs' has no source"


def unknown_table(results, own):
    row = next(iter((results / "small").glob("srn*"))).read_text().replace('"small"', '"smal"')
    (results / "smal").mkdir()
    (results / "smal" / "a.jsonl").write_text(row)
    return TableError, r"smal.a.jsonl:1: unknown table 'smal'; did you mean small"


def wrong_folder(results, own):
    path = results / "small" / "srn-srn-0.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(first + "\n" + second.replace('"small"', '"imdb"') + "\n")
    return TableError, r"srn-srn-0.jsonl:2 is a row of table 'imdb' in the folder of table small"


def lost_trace(results, own):
    row = ResultRow(**json.loads((results / "small" / "srn-srn-0.jsonl").read_text().splitlines()[0]))
    put(results, [replace(row, table="exploding-gradients", variant={})])
    return MissingTrace, "there is no trace"


@pytest.mark.parametrize("spoil", [broken_line, without_source, unknown_table, wrong_folder, lost_trace])
def test_what_stops_the_build_is_named_and_leaves_the_old_site(site, results, own, tmp_path, spoil):
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    error, match = spoil(results, own)
    with pytest.raises(error, match=match):
        build_site(results, site, [str(own)])
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.yaml", "results", "site"]


def test_a_new_site_has_nothing_of_the_old_one(site, results, own, tmp_path):
    (site / "tables" / "gone.html").write_text("")
    build_site(results, site, [str(own)])
    assert not (site / "tables" / "gone.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.yaml", "results", "site"]


def test_a_folder_of_something_else_is_not_replaced(results, own, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "index.html").write_text("chapter 1")
    with pytest.raises(TableError, match="a folder of something else"):
        build_site(results, tmp_path / "thesis", [str(own)])
    assert (tmp_path / "thesis" / "index.html").read_text() == "chapter 1"


def test_measurements_that_are_no_rows_are_none_of_a_table(results, own, tmp_path):
    (results / "speed").mkdir()
    (results / "speed" / "all.jsonl").write_text('{"ratio": 1.0}\n')
    build_site(results, tmp_path / "site", [str(own)])
    with pytest.raises(NoRows):
        build_site(tmp_path / "nowhere", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.500 ± 0.354", 0.5), ("1,234", 1234.0), ("3 h 20 min", 12000.0), ("7 min", 420.0), ("42 s", 42.0),
        ("8 ms", 0.008), ("2e-07", 2e-7), ("-0.5", -0.5), ("0.754 ± 0.040 [1]", 0.754), ("1.20 (1.1 to 1.3)", 1.2),
        ("parity", None), ("", None), ("90 to 240", 90.0),
    ],
)  # fmt: skip
def test_a_cell_is_sorted_by_the_number_that_it_shows(text, value):
    assert sort_value(text) == (None if value is None else pytest.approx(value))


def test_the_named_layers_are_those_that_none_beats_in_both():
    dots = [
        Dot("a", "gated", 10.0, 5.0),
        Dot("b", "gated", 20.0, 2.0),
        Dot("c", "scan", 15.0, 6.0),
        Dot("d", "scan", 30.0, 2.0),
    ]
    assert [dot.name for dot in front(dots)] == ["a", "b"]
    drawn = scatter(dots)
    assert drawn.count("<circle") == 4
    assert drawn.count('class="name"') == 2
    assert scatter(dots[:1]) == ""


def test_what_stands_in_a_table_cannot_break_the_page(results, own, tmp_path, row):
    raw = yaml.safe_load(own.read_text())
    raw["title"] = '<script>alert("1")</script> $title'
    own.write_text(yaml.safe_dump(raw))
    put(results, [row(label="<b>&|", layer="x", spec="x", variant={"length": 5})])
    page = build_site(results, tmp_path / "site", [str(own)]).parent / "tables" / "small.html"
    assert "<script>alert" not in page.read_text()
    assert "<b>&|" in [line["model"] for line in Page(page).tables["Results of table small"]]
