"""The tables of docs/architectures.md have every layer of the zoo, once, with what its registration says."""

import sys

import pytest
from pages import ROOT

import rnnzoo
from rnnzoo.registry import LAYERS


@pytest.fixture
def section(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs"), *sys.path])
    from architectures import architectures_section

    return architectures_section


def rows_of(text):
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert len({len(cells) for cells in lines}) == 1
    return {cells[0].strip("`"): cells for cells in lines}


def test_every_layer_has_one_line_under_its_kind(section):
    text = section()
    assert LAYERS.names() == sorted(rows_of(text))
    for entry in LAYERS.entries():
        part = text.split(f"## {entry.kind.capitalize()} (")[1].split("\n## ")[0]
        assert f"| `{entry.name}` |" in part


def test_a_line_has_paper_state_size_and_what_it_is_held_to(section):
    rows = rows_of(section())
    lstm = rows["lstm"]
    assert lstm[1] == "`rnnzoo.LSTM`"
    assert lstm[3] == "[Sepp Hochreiter et al. 1997](https://doi.org/10.1162/neco.1997.9.8.1735)"
    assert lstm[4] == "(H), (H)"
    assert lstm[5] == f"{4 * 64 * (64 + 64 + 2):,}"
    assert lstm[6:] == ["step by step", "`torch.nn.LSTM`", "reference, torch, c, native"]
    assert rows["mingru"][6:8] == ["parallel", "[its oracle](../tests/oracles/mingru.py)"]


def test_a_users_cell_is_none_of_the_zoo(section, registering):
    rnnzoo.register_layer("mine")(type("Mine", (rnnzoo.GatedCell,), {"__module__": "my_cells"}))
    assert "mine" not in rows_of(section())


def test_what_other_libraries_do_otherwise_is_told_with_the_test(section):
    text = section()
    for entry in LAYERS.entries():
        assert (f"- `{entry.name}`: {entry.differs}" in text) == bool(entry.differs)
