"""What a user types is understood, and a mistake is answered in one line that helps, with status 2 and no traceback."""

import io
import json
import subprocess
import sys

import pytest

from rnnzoo import cli
from rnnzoo.bench.table import list_tables
from rnnzoo.recipes import list_recipes


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Commands write below a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNNZOO_DEBUG", raising=False)
    return tmp_path


def answer(capsys, *arguments):
    status = cli.main(arguments)
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "run", "digitsum"], "did you mean digit-sum"),
        (["bench", "run", "digit-sum", "--layers", "lstn"], "did you mean lstm"),
        (["bench", "run", "digit-sum", "--only", "lenght=10"], "did you mean length"),
        (["bench", "run", "digit-sum", "--only", "length"], "KEY=VALUE"),
        (["bench", "run", "digit-sum", "--seeds", "0"], "at least 1"),
        (["bench", "run", "digit-sum", "--devices", "0"], "at least 1"),
        (["bench", "run", "no.yaml"], "there is no table file"),
        (["bench", "report"], "rnnzoo bench run"),
        (["bench", "report", "digit-sum", "--results", "nowhere"], "rnnzoo bench run digit-sum"),
        (["fit"], "needs --config"),
        (["fit", "--config"], "--config needs a value"),
        (["fit", "--config", "imdb-bilstn"], "did you mean imdb-bilstm"),
        (["fit", "--config", "no.yaml"], "there is no configuration file"),
        (["fit", "--config", "digit-sum-lstm", "--model.layer", "lstn"], "did you mean lstm"),
        (["fit", "--config", "digit-sum-lstm", "--data", "digitsum"], "did you mean digit_sum"),
        (["fit", "--config", "digit-sum-lstm", "--model.hiden_size", "3"], "did you mean hidden_size"),
        (["fit", "--config", "digit-sum-lstm", "--data.lenght=3"], "did you mean length"),
        (["fit", "--config", "digit-sum-lstm", "--trainer.max_epoch", "3"], "did you mean max_epochs"),
        (["fit", "--config", "digit-sum-lstm", "--wandb", "maybe"], "unknown --wandb mode"),
        (["test", "--config", "digit-sum-lstm"], "needs --ckpt_path"),
        (["predict", "no-such-model", "text"], "no-such-model"),
        (["predict", "digit-sum-lstm", "1", "--file", "f"], "not both"),
        (["predict", "digit-sum-lstm", "--file", "no.txt"], "no.txt"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(here, capsys, arguments, message):
    status, _, error = answer(capsys, *arguments)
    assert status == 2
    assert message in error
    assert "Traceback" not in error
    assert error.startswith("rnnzoo: ")
    assert not list(here.iterdir()), "nothing is written for a command that was refused"


def test_a_file_that_is_no_table_or_configuration_is_refused(here, capsys):
    (here / "bad.yaml").write_text("a: [")
    (here / "list.yaml").write_text("- 1")
    (here / "strange.yaml").write_text("modle: {}")
    (here / "latin.yaml").write_bytes("description: caf\xe9".encode("latin-1"))
    for arguments in (["fit", "--config"], ["bench", "run"]):
        for name in ("bad.yaml", "list.yaml", "strange.yaml", "latin.yaml"):
            status, _, error = answer(capsys, *arguments, name)
            assert (status, name in error) == (2, True), (arguments, name)


def test_debug_shows_the_traceback(here, monkeypatch):
    monkeypatch.setenv("RNNZOO_DEBUG", "1")
    with pytest.raises(LookupError):
        cli.main(["bench", "run", "digitsum"])


def test_a_fault_of_ours_is_not_dressed_up_as_the_users(here, monkeypatch):
    def broken(*arguments):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("rnnzoo.bench.table.load_table", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["bench", "run", "digit-sum"])


@pytest.mark.parametrize("what", ["layers", "tasks", "data", "recipes", "tables", "pretrained"])
def test_each_list_is_the_same_as_lines_and_as_json(capsys, what):
    status, plain, _ = answer(capsys, "list", what)
    names = [item["name"] for item in json.loads(answer(capsys, "list", what, "--json")[1])]
    assert status == 0
    assert [line.split()[0] for line in plain.splitlines()] == names


def test_lists_take_a_pattern_and_find_everything(capsys):
    assert answer(capsys, "list", "layers", "*peephole*")[1].split()[0] == "peephole_lstm"
    assert [item["name"] for item in json.loads(answer(capsys, "list", "tables", "--json")[1])] == list_tables()
    assert [item["name"] for item in json.loads(answer(capsys, "list", "recipes", "--json")[1])] == list_recipes()


@pytest.mark.parametrize("arguments", [["--help"], ["bench", "run", "--help"], ["predict", "--help"], ["--version"]])
def test_help_and_version_end_well(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    assert capsys.readouterr().out


@pytest.mark.slow
def test_help_and_mistakes_cost_no_heavy_import():
    code = (
        "import sys; from rnnzoo import cli\n"
        "status = cli.main(['list', 'tables']), cli.main(['bench', 'run', 'digitsum'])\n"
        "heavy = ('torch', 'lightning', 'wandb', 'matplotlib', 'pandas')\n"
        "print(status, [name for name in heavy if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "(0, 2) []"


def test_texts_are_read_from_arguments_file_or_stream(here, monkeypatch):
    from rnnzoo.commands.predict import NoInput, read_texts

    (here / "f").write_text("one\n\ntwo\n")
    assert read_texts(["a", "b"], None) == ["a", "b"]
    assert read_texts([], here / "f") == ["one", "two"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("three\n"))
    assert read_texts([], None) == ["three"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    with pytest.raises(NoInput, match="no text"):
        read_texts([], None)
    (here / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(NoInput, match="not UTF-8"):
        read_texts([], here / "latin")


@pytest.mark.parametrize("inner", [KeyboardInterrupt, SystemExit])
def test_an_interruption_says_how_to_go_on(here, capsys, monkeypatch, inner):
    def interrupted(*arguments):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interruption:
            raise inner(1) from (None if inner is SystemExit else interruption)  # as Lightning does it

    monkeypatch.setattr("rnnzoo.bench.table.load_table", interrupted)
    status, _, error = answer(capsys, "bench", "run", "digit-sum")
    assert status == 130
    assert "go on with: rnnzoo bench run digit-sum" in error
