"""The commands with a user's own cells: listed, shown, checked, trained, measured; a mistake is one line that helps."""

import io
import json
import shutil
import subprocess
import sys

import pytest
from rich.console import Console

from rnnzoo import cli
from rnnzoo.commands.tables import print_table
from rnnzoo.laws import LAWS

CELLS = '''
import torch
from torch import nn
import rnnzoo

def update(a, *_):
    return (torch.tanh(a[..., 0, :]),)

@rnnzoo.register_layer("mine")
class Mine(rnnzoo.GatedCell):
    """A cell of my own."""
    stages = (rnnzoo.Stage("h", 1, 1, update, (), ("h",), summed=True),)

class Plain(nn.Module):
    """Registered nowhere, derived from nothing of rnnzoo; a base of the one below."""
    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.output_size, self.state_shapes = input_size, hidden_size, ((hidden_size,),)
        self.backend, self.last_backend = None, "reference"
        self.w = nn.Linear(input_size + hidden_size, hidden_size, bias, device, dtype)

    def initial_state(self, batch_size, *, device=None, dtype=None):
        return (torch.zeros(batch_size, self.output_size, dtype=dtype or self.w.weight.dtype),)

    def step(self, x, state):
        h = torch.tanh(self.w(torch.cat([x, state[0]], -1)))
        return h, (h,)

    def forward(self, x, state=None, lengths=None):
        state, y = state or self.initial_state(len(x)), []
        for t in range(x.shape[1]):
            there = torch.ones(len(x), 1, dtype=torch.bool) if lengths is None else (t < lengths).unsqueeze(1)
            h = self.step(torch.where(there, x[:, t], 0), state)[0]
            y.append(torch.where(there, h, 0))
            state = (torch.where(there, h, state[0]),)
        return torch.stack(y, 1), state

class Peeks(Plain):
    """Sees what is to come."""
    def forward(self, x, state=None, lengths=None):
        y, state = super().forward(x, state, lengths)
        return y + y.mean(1, keepdim=True), state

class NoCell(nn.Module):
    def step(self):
        return None
'''


@pytest.fixture
def here(tmp_path, monkeypatch, registering):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNNZOO_DEBUG", raising=False)
    (tmp_path / "my_cells.py").write_text(CELLS)
    return tmp_path


def answer(capsys, *arguments):
    status = cli.main(arguments)
    told = capsys.readouterr()
    return status, told.out, told.err


def verdicts(capsys, *arguments):
    status, told, _ = answer(capsys, "check", *arguments, "--json")
    return status, {
        (line["layer"], line["law"]): line["verdict" if "verdict" in line else "outcome"] for line in json.loads(told)
    }


def test_a_cell_of_ones_own_is_listed_and_shown_like_every_other(here, capsys):
    status, told, _ = answer(capsys, "list", "layers", "mi*", "--import", "my_cells.py")
    lines = {line.split()[0]: line.split() for line in told.splitlines()}
    assert (status, set(lines)) == (0, {"mine", "mingru", "minlstm", *lines})
    assert lines["mine"][1:6] == ["Mine", "gated", "-", "-", "unverified"]
    assert lines["mingru"][1:6] == ["MinGRU", "scan", "2024", "parallel", "tests/oracles/mingru.py"]
    status, told, _ = answer(capsys, "show", "mine", "--import", "my_cells.py")
    assert told.startswith("mine: rnnzoo.Mine, A cell of my own\n")
    assert "States:    (H), each with the batch before it" in told
    assert "Backends:  reference, torch" in told


def test_the_list_as_json_has_what_a_program_needs(here, capsys):
    _, told, _ = answer(capsys, "list", "layers", "--json", "--import", "my_cells.py")
    layers = {layer["name"]: layer for layer in json.loads(told)}
    assert list(layers) == sorted(layers)
    lstm, mine = layers["lstm"], layers["mine"]
    assert (lstm["class"], lstm["year"], lstm["kind"], lstm["oracle"]) == ("LSTM", 1997, "gated", "torch.nn.LSTM")
    assert lstm["backends"] == ["reference", "torch", "c", "native"]
    assert lstm["state_shapes"] == [[4], [4]]
    assert (lstm["parallel"], lstm["causal"], lstm["exportable"], lstm["double_backward"]) == (False, True, True, True)
    assert lstm["paper"]["url"].startswith("https://")
    assert lstm["from"] == {}
    assert (mine["paper"], mine["year"], mine["oracle"]) == (None, None, None)
    assert mine["from"]["file"] == str(here / "my_cells.py")


def test_on_a_terminal_a_list_is_a_drawn_table_with_headings_in_which_names_stay_whole():
    stream = io.StringIO()
    lines = [("a_long_name_of_a_layer", "word " * 30, "unverified")]
    console = Console(file=stream, force_terminal=True, width=60, color_system=None)
    print_table(("name", "description", "oracle"), lines, console, whole=("name",), plain_headings=False)
    drawn = stream.getvalue()
    assert drawn.split("\n")[1].split() == ["name", "description", "oracle"]
    assert "a_long_name_of_a_layer" in drawn
    assert max(map(len, drawn.splitlines())) <= 60


def test_check_tries_every_law_on_every_cell_of_a_file(here, capsys):
    status, found = verdicts(capsys, "my_cells.py", "--quick")
    assert status == 1
    quick = [law.name for law in LAWS.values() if not law.slow]
    assert list(found) == [(cell, law) for cell in ("mine", "Peeks", "NoCell") for law in quick]
    broken = {key for key, outcome in found.items() if outcome == "broken"}
    assert {law for cell, law in broken if cell == "Peeks"} >= {"causal", "whole_is_stepped"}
    assert {cell for cell, _ in broken} == {"Peeks", "NoCell"}
    assert found["Peeks", "same_seed_same_weights"] == "holds"
    assert found["NoCell", "contract"] == "broken"
    assert {outcome for (cell, law), outcome in found.items() if cell == "NoCell" and law != "contract"} == {
        "not tried"
    }


def test_check_of_a_plain_module_that_is_registered_nowhere(here, capsys):
    status, found = verdicts(capsys, "my_cells.py:Plain", "--quick")
    assert status == 0
    assert set(found.values()) == {"holds", "not declared"}
    status, told, _ = answer(
        capsys, "check", "my_cells.py:Plain", "--laws", "shapes", "--input-size", "5", "--hidden-size", "2"
    )
    assert told.splitlines()[0] == "Plain: Plain(input_size=5, hidden_size=2) in my_cells.py"
    assert told.splitlines()[1].split()[:2] == ["shapes", "holds"]
    assert told.splitlines()[2] == "1 holds."


def test_check_says_what_is_broken_and_by_how_much(here, capsys):
    status, told, _ = answer(capsys, "check", "my_cells.py:Peeks", "--laws", "causal")
    assert status == 1
    assert told.splitlines()[1].startswith("causal  broken  outputs up to 3, later inputs changed: differs by ")
    status, told, _ = answer(capsys, "check", "my_cells.py:NoCell")
    assert "contract                   broken     NoCell has no method" in told
    (here / "raises.py").write_text(
        CELLS.replace("h = torch.tanh(self.w(torch.cat([x, state[0]], -1)))", "h = x / 'one'")
    )
    line = (here / "raises.py").read_text().splitlines().index("        h = x / 'one'") + 1
    (here / "raises.py").write_text(
        (here / "raises.py").read_text().replace('"mine"', '"other"').replace("Mine", "Other")
    )
    _, told, _ = answer(capsys, "check", "raises.py:Plain", "--laws", "shapes")
    assert "broken  TypeError: unsupported operand" in told
    assert f"(line {line})" in told


def test_check_takes_names_and_patterns(here, capsys):
    assert verdicts(capsys, "srn", "--laws", "shapes,causal") == (
        0,
        {("srn", "shapes"): "holds", ("srn", "causal"): "holds"},
    )
    assert set(verdicts(capsys, "min[gl]*", "--laws", "shapes")[1]) == {("mingru", "shapes"), ("minlstm", "shapes")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "my_cels.py"], "there is no file my_cels.py to import"),
        (["check", "my_cells.py:Mien"], "unknown class of my_cells.py 'Mien'; did you mean Mine"),
        (["check", "empty.py"], "empty.py has no cell: no class with the methods step, forward and initial_state"),
        (["check", "lstn"], "unknown layer 'lstn'; did you mean lstm"),
        (["check", "LSTM"], "did you mean lstm"),
        (["check", "zz*"], "unknown layer 'zz*'"),
        (["check", "my_cells.py", "--laws", "casual"], "unknown law 'casual'; did you mean causal"),
        (["show", "lstn"], "did you mean lstm"),
        (["show", "mine"], "unknown layer 'mine'"),
        (["show", "mine"], "One of your own is known once its file is imported: `--import FILE`."),
        (["list", "layers", "--import", "no.py"], "there is no file no.py to import"),
        (["list", "layers", "--import", "empty.py"], "empty.py registers nothing"),
        (["list", "layers", "--import", "fails.py"], "ZeroDivisionError: division by zero (line 1)"),
        (["list", "layers", "--import", "twin.py"], "layer 'lstm' is registered twice: by class LSTM in "),
        (["fit", "--config", "digit-sum-lstm", "--import"], "--import needs a value"),
        (["fit", "--config", "digit-sum-lstm", "--import", "no.py"], "there is no file no.py"),
        (
            ["fit", "--config", "digit-sum-lstm", "--import", "my_cells.py", "--model.layer", "mien"],
            "did you mean mine",
        ),
        (["bench", "run", "digit-sum", "--import", "my_cells.py", "--layers", "mien"], "did you mean mine"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(here, capsys, arguments, message):
    (here / "empty.py").write_text("")
    (here / "fails.py").write_text("1 / 0")
    (here / "twin.py").write_text(CELLS.replace('"mine"', '"lstm"'))
    status, _, error = answer(capsys, *arguments)
    assert (status, message in error, error.count("\n")) == (2, True, 1), error
    assert error.startswith("rnnzoo: ")


def test_an_option_that_the_layer_does_not_have_is_told_in_one_line(here, capsys):
    options = ["--model.layer", "mine", "--model.layer_options", '{"recurrent_bais": false}']
    status, _, error = answer(capsys, "fit", "--config", "digit-sum-lstm", "--import", "my_cells.py", *options)
    assert status == 2
    assert "layer 'mine' has no option 'recurrent_bais'; did you mean recurrent_bias?" in error


def test_of_a_recipes_options_another_layer_gets_those_that_it_takes(here, capsys):
    shown = ["--print_config", "--config", "digit-sum-lstm", "--model.layer"]
    for layer, kept in (("mingru", "layer_options: {}"), ("gru", "recurrent_bias: false")):
        with pytest.raises(SystemExit):
            cli.main(["fit", *shown, layer])
        assert kept in capsys.readouterr().out


def test_a_row_names_the_cells_file_and_an_edited_cell_is_another_run(here, capsys, monkeypatch):
    from rnnzoo.bench import runs

    table = here / "tiny.yaml"
    table.write_text(
        "name: tiny\ntitle: Tiny\ntask: sequence_classification\ndata: {name: digit_sum, length: 10}\n"
        "trainer: {max_epochs: 1}\nmodel: {hidden_size: 4, embedding_size: 4}\nentries: [{layer: srn}]\n"
    )
    run = [
        "bench",
        "run",
        "tiny.yaml",
        "--layers",
        "mine,srn",
        "--import",
        "my_cells.py",
        "--results",
        "r",
        "--wandb",
        "off",
    ]
    assert answer(capsys, *run)[0] == 0
    rows = {file.name: json.loads(file.read_text().splitlines()[0]) for file in (here / "r" / "tiny").glob("*.jsonl")}
    (own,) = [row for row in rows.values() if row["layer"] == "mine"]
    (zoo,) = [row for row in rows.values() if row["layer"] == "srn"]
    assert own["versions"]["my_cells.py"].startswith("sha256:")
    assert "my_cells.py" not in zoo["versions"]
    (work,) = (here / "r" / ".runs" / "tiny").glob(f"{own['spec']}-mine-0/run.json")
    made = runs.Run.from_json(work.read_text())
    assert made.imports == [str(here / "my_cells.py")]
    edited = runs.replace(made, cell={**made.cell, "sha256": "0" * 64})
    moved = runs.replace(made, cell={**made.cell, "file": "/elsewhere/my_cells.py"})
    assert runs.spec_hash(edited) != made.spec
    assert runs.spec_hash(moved) == made.spec


@pytest.mark.slow
def test_another_process_imports_the_file_and_trains_the_cell(here, capsys):
    from rnnzoo.bench.runs import expand
    from rnnzoo.bench.table import parse_table
    from rnnzoo.registry.files import import_file

    import_file("my_cells.py")
    table = parse_table(
        "{name: tiny, title: T, task: sequence_classification, data: {name: digit_sum, length: 10},"
        " trainer: {max_epochs: 1}, model: {hidden_size: 4}, entries: [{layer: mine}]}",
        "here",
    )
    (run,) = expand(table)
    (here / "work").mkdir()
    (here / "work" / "run.json").write_text(run.to_json())
    command = [sys.executable, "-m", "rnnzoo.bench.worker", "work/run.json", "rows.jsonl", "{}", "off"]
    subprocess.run(command, check=True, cwd=here, capture_output=True)
    assert json.loads((here / "rows.jsonl").read_text().splitlines()[0])["layer"] == "mine"
    shutil.rmtree(here / "work")
