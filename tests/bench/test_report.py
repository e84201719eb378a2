"""The report says the same in every form, needs no other file, and cannot be broken by what stands in a table."""

import base64
import csv
import re
from html.parser import HTMLParser

import pytest

from rnnzoo.bench.errors import NoRows
from rnnzoo.bench.report import table_rows, tables_with_rows, write_report


class Cells(HTMLParser):
    """Collects the table's cells and every address that the page refers to."""

    def __init__(self):
        super().__init__()
        self.cells, self.addresses, self._open = [], [], False

    def handle_starttag(self, tag, attrs):
        self._open = tag in ("td", "th")
        if self._open:
            self.cells.append("")
        self.addresses += [value for key, value in attrs if key in ("src", "href")]

    def handle_endtag(self, tag):
        self._open = False

    def handle_data(self, data):
        if self._open:
            self.cells[-1] += data


@pytest.fixture
def written(small, row, tmp_path):
    rows = [
        row(seed=seed, value=value, split=split, metric=metric, label=label, layer=label, spec=label)
        for seed, value in enumerate((0.25, 0.75))
        for split in ("train", "validation", "test")
        for metric in ("accuracy", "loss")
        for label in ("srn", "gru", "<b>&|")
    ]
    return write_report(small, rows, tmp_path, tmp_path)


def test_csv_markdown_and_page_hold_the_same_cells(written):
    with written["csv"].open(newline="") as stream:
        cells = [cell for line in csv.reader(stream) for cell in line]
    page = Cells()
    page.feed(written["html"].read_text())
    assert page.cells == cells
    assert "0.500 ± 0.354" in cells
    assert "0.500 ± 0.100 [1]" in cells
    markdown = written["md"].read_text()
    assert all(cell.replace("|", r"\|") in markdown for cell in cells)


def test_further_metrics_stand_behind_the_monitored_one(small_with, row, tmp_path):
    rows = [row(metric=metric, value=value) for metric, value in (("accuracy", 0.5), ("macro_f1", 0.25), ("loss", 2.0))]
    for metrics, expected in (([], []), (["macro_f1", "loss"], ["test macro_f1"])):
        written = write_report(small_with(metrics=metrics), rows, tmp_path, tmp_path)
        with written["csv"].open(newline="") as stream:
            headings = next(csv.reader(stream))
        assert [name for name in headings if name.startswith("test")] == ["test accuracy", *expected, "test loss"]


@pytest.mark.parametrize(("mode", "best"), [("max", "0.750"), ("min", "0.250")])
def test_the_best_seed_stands_beside_the_mean_where_the_table_asks_for_it(small_with, row, tmp_path, mode, best):
    table = small_with(best_seed=True, monitor={"metric": "accuracy", "mode": mode})
    rows = [row(seed=seed, value=value) for seed, value in enumerate((0.25, 0.75, 0.5))]
    with write_report(table, rows, tmp_path, tmp_path)["csv"].open(newline="") as stream:
        (line,) = list(csv.DictReader(stream))
    assert line["best test accuracy"] == best
    assert line["test accuracy"].startswith("0.500")


def test_the_page_needs_no_other_file_and_links_its_sources(written):
    page = Cells()
    page.feed(written["html"].read_text())
    images = [address for address in page.addresses if address.startswith("data:image/png;base64,")]
    others = [address for address in page.addresses if not address.startswith("data:")]
    assert others == ["https://example.org/?a=1&b=2"]
    assert base64.b64decode(images[0].partition(",")[2]) == written["comparison"].read_bytes()


def test_every_markdown_line_has_as_many_cells(written):
    lines = [line for line in written["md"].read_text().splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_a_folder_without_rows_is_answered_with_the_command_that_makes_them(small, tmp_path):
    with pytest.raises(NoRows, match="`rnnzoo bench run small` makes them"):
        table_rows(small, tmp_path)
    with pytest.raises(NoRows, match="rnnzoo bench run"):
        tables_with_rows(tmp_path)


def test_only_tables_are_reported_not_every_folder_of_measurements(tmp_path):
    for folder in ("speed", "imdb"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "rows.jsonl").write_text("{}\n")
    assert tables_with_rows(tmp_path) == ["imdb"]
