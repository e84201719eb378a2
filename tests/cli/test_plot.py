"""``rnnzoo plot`` draws what it lists, into a file that is whole, and answers a mistake in one line that helps."""

import json
import os
import re
from dataclasses import asdict, replace

import pytest

from rnnzoo import cli
from rnnzoo.bench.table import list_tables, load_table
from rnnzoo.contracts import ResultRow

PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Commands write below a folder of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RNNZOO_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def results(tmp_path):
    """Rows of the table digit-sum."""
    row = ResultRow(
        table="digit-sum", spec="0", label="lstm", variant={"length": 10}, layer="lstm", task="sequence_classification",
        data="digit_sum", data_version="2", seed=0, split="test", metric="accuracy", value=0.9, unit="fraction", n=100,
        parameters=1, steps=1, seconds=1.0, samples_per_second=1.0, peak_memory_bytes=1, device="cpu", world_size=1,
        precision="32-true", versions={}, commit="", dirty=False, finished_at="2026-01-01T00:00:00",
        checkpoint_sha256="",
    )  # fmt: skip
    folder = tmp_path / "results" / "digit-sum"
    folder.mkdir(parents=True)
    rows = [replace(row, split=split, metric=m) for split in ("train", "test") for m in ("accuracy", "loss")]
    (folder / "0-lstm-0.jsonl").write_text("\n".join(json.dumps(asdict(each)) for each in rows) + "\n")
    return str(folder.parent)


def answer(capsys, *arguments):
    status = cli.main(("plot", *arguments))
    told = capsys.readouterr()
    return status, told.out, told.err


def test_without_a_name_it_lists_the_gates_and_every_figure_of_every_table(capsys):
    status, told, _ = answer(capsys)
    names = [line.split()[0] for line in told.splitlines()]
    figures = [f"{name}/{figure}".replace("_", "-") for name in list_tables() for figure in load_table(name).figures]
    assert (status, names) == (0, ["gates", "attention", *figures])


def test_gates_of_the_shipped_model_are_drawn_and_the_path_is_told(here, capsys):
    status, told, error = answer(capsys, "gates")
    assert (status, told, error) == (0, "gates-digit-sum-lstm.png\n", "")
    assert (here / "gates-digit-sum-lstm.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("out", "written"), [("x.svg", "x.svg"), ("new/y.pdf", "new/y.pdf"), ("folder", "folder/gates-digit-sum-lstm.png")]
)
def test_out_is_a_file_of_its_formats_or_a_folder(here, capsys, out, written):
    status, told, _ = answer(capsys, "gates", "--input", "12003", "--out", out)
    assert (status, told.strip()) == (0, written)
    assert (here / written).stat().st_size > 1000


def test_the_picture_says_what_was_read_and_what_was_answered(here, capsys):
    """In the SVG, words stay words."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        assert answer(capsys, "gates", "--out", "g.svg")[0] == 0
    drawn = (here / "g.svg").read_text()
    assert re.search(r"digit-sum-lstm reads “6700100000” and answers “13” \(probability (0\.9|1\.0)", drawn)
    for words in ("input gate", "forget gate", "output gate", ">cell<"):
        assert words in drawn


def test_a_direction_and_values_can_be_chosen(here, capsys):
    import matplotlib

    chosen = ["--layer", "l0_reverse", "--values", "candidate, hidden", "--out", "g.svg"]
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        assert answer(capsys, "gates", "--model", "imdb-bilstm", "--input", "a wonderful film", *chosen)[0] == 0
    drawn = (here / "g.svg").read_text()
    assert all(words in drawn for words in ("layer l0_reverse", "candidate", "hidden state", "wonderful"))
    assert "forget gate" not in drawn


def test_a_table_is_drawn_whole_or_one_figure_of_it(here, capsys, results):
    status, told, _ = answer(capsys, "digit-sum", "--results", results, "--out", "a")
    names = [f"digit-sum-{name.replace('_', '-')}.png" for name in load_table("digit-sum").figures]
    assert (status, told.split()) == (0, [f"a/{name}" for name in names])
    assert sorted(os.listdir("a")) == sorted(names)
    for name in ("loss-against-length", "loss_against_length"):
        assert answer(capsys, f"digit-sum/{name}", "--results", results, "--out", "b.png")[0] == 0
        assert (here / "b.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gatse"], "did you mean gates"),
        (["digitsum"], "did you mean digit-sum"),
        (["digit-sum/loss-against-lenght"], "did you mean loss-against-length"),
        (["digit-sum"], "rnnzoo bench run digit-sum"),
        (["digit-sum", "--results", "nowhere"], "no result rows in nowhere"),
        (["digit-sum", "--model", "x"], "--model is of use with gates or attention only"),
        (["gates", "--results", "x"], "--results is of use with a table only"),
        (["gates", "--model", "digit-sum-lstn"], "digit-sum-lstm"),
        (["gates", "--model", "imdb-bilstm"], "--input is needed"),
        (["gates", "--layer", "l1"], "unknown layer of digit-sum-lstm 'l1'; did you mean l0"),
        (["gates", "--values", "forgot"], "did you mean forget"),
        (["gates", "--input", "12a"], "expected digits"),
        (["gates", "--out", "x.jpg"], "expected .png, .pdf, .svg"),
        (["no.yaml"], "there is no table file"),
        (["attention"], "a model and a text are needed"),
        (["attention", "imdb-bilstm", "a film"], "writes no sequence for a sequence"),
        (["attention", "imdb-bilstm", "a", "film"], "'film' is one argument too many behind attention"),
        (["attention", "m", "--model", "n"], "'m' and --model are given"),
        (["attention", "m", "a", "--layer", "l0"], "--layer is of use with gates only"),
        (["digit-sum", "x"], "'x' is one argument too many behind digit-sum; a table takes none"),
    ],
)
def test_a_mistake_is_one_clear_line_and_writes_nothing(here, capsys, arguments, message):
    status, told, error = answer(capsys, *arguments)
    assert (status, told) == (2, "")
    assert error.startswith("rnnzoo: ")
    assert message in error
    assert not list(here.iterdir())


def test_a_place_that_cannot_be_written_is_named(here, capsys):
    (here / "file").write_text("")
    status, _, error = answer(capsys, "gates", "--out", "file/x.png")
    assert status == 2
    assert "cannot write file/x.png" in error


def test_several_pictures_do_not_go_into_one_file(here, capsys, results):
    status, _, error = answer(capsys, "digit-sum", "--results", results, "--out", "x.png")
    assert status == 2
    assert "one file for" in error
    assert not (here / "x.png").exists()


def test_a_model_without_gates_is_refused_by_its_layer_with_those_that_have_some(here, capsys):
    from rnnzoo.data.digit_sum import DigitSum
    from rnnzoo.pretrained import save_pretrained
    from rnnzoo.tasks.sequence_classification import SequenceClassifier

    for layer in ("srn", "none"):
        data = DigitSum(length=5)
        task = SequenceClassifier(data.spec, layer, hidden_size=4)
        task.codec = data.codec_state()
        save_pretrained(task, here / layer)
        status, _, error = answer(capsys, "gates", "--model", str(here / layer), "--input", "123")
        assert status == 2
        assert f"layer '{layer}' has no gates" in error
        assert "lstm" in error


def test_a_model_of_numbers_reads_numbers(here, capsys):
    from rnnzoo.data.digits import Digits
    from rnnzoo.pretrained import save_pretrained
    from rnnzoo.tasks.sequence_classification import SequenceClassifier

    data = Digits()
    task = SequenceClassifier(data.spec, "gru", hidden_size=4, embedding="none")
    task.codec = data.codec_state()
    save_pretrained(task, here / "m")
    numbers = " ".join(["1,"] * 63 + ["2"])
    assert answer(capsys, "gates", "--model", "m", "--input", numbers)[0] == 0
    assert (here / "gates-m.png").exists()
    status, _, error = answer(capsys, "gates", "--model", "m", "--input", "one")
    assert (status, "this model reads numbers" in error) == (2, True)


def test_attention_of_a_sequence_for_a_sequence_is_drawn(here, capsys):
    from rnnzoo.data.dates import Dates
    from rnnzoo.pretrained import save_pretrained
    from rnnzoo.tasks.sequence_to_sequence import SequenceToSequence

    for attention in ("bilinear", "none"):
        data = Dates.tiny()
        task = SequenceToSequence(data.spec, "gru", hidden_size=4, attention=attention)
        task.codec = data.codec_state()
        save_pretrained(task, here / attention)
    status, told, error = answer(capsys, "attention", "bilinear", "3 March 1999")
    assert (status, told, error) == (0, "attention-bilinear.png\n", "")
    assert (here / "attention-bilinear.png").read_bytes().startswith(PNG)
    status, _, error = answer(capsys, "attention", "none", "3 March 1999")
    assert (status, "built with attention 'none'" in error) == (2, True)
    status = cli.main(("predict", "bilinear", "3 March 1999"))
    assert (status, capsys.readouterr().out.split("\t")[2]) == (0, "3 March 1999\n")


def test_a_character_no_font_has_is_told_on_the_error_stream(here, capsys, monkeypatch):
    from matplotlib import font_manager

    own = [entry for entry in font_manager.fontManager.ttflist if entry.name.startswith("DejaVu")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    status, _, error = answer(capsys, "gates", "--model", "imdb-bilstm", "--input", "好看 film")
    assert status == 0
    assert len(error.splitlines()) == 1
    assert "no installed font has '好看'" in error
