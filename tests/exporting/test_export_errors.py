"""A mistake is answered before anything is written, with what was given, expected and to be done; nothing is half."""

import importlib.util

import pytest
import torch
from torch import nn

import rnnzoo
from rnnzoo.exporting import ExportError, forms, writing
from rnnzoo.layers.lem import LEM
from rnnzoo.registry import LAYERS, UnknownName


def lstm(**options):
    return rnnzoo.LSTM(2, 3, **options)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (lambda: lstm(bidirectional=True), {"streaming": True}, "bidirectional lstm.*bidirectional=False"),
        (lambda: LEM(2, 3), {}, "bare cell, LEM.*rnnzoo.Recurrent"),
        (lambda: 3, {}, "is a int; expected a layer"),
        (lambda: nn.Linear(2, 3), {"streaming": True}, "Linear; it is for layers"),
        (lstm, {"streaming": True, "format": "safetensors"}, "holds weights; use 'onnx' or 'pt2'"),
    ],
    ids=["streams-backwards", "cell", "number", "streams-a-module", "streams-weights"],
)
def test_what_cannot_leave_is_refused(tmp_path, model, options, message):
    with pytest.raises(ExportError, match=message):
        rnnzoo.export(model(), tmp_path / "out", **{"format": "pt2", **options})
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_has_near_misses(tmp_path):
    with pytest.raises(UnknownName, match="unknown format 'onxx'; did you mean onnx"):
        rnnzoo.export(lstm(), tmp_path / "out", "onxx")


def test_a_layer_that_does_not_declare_it_is_refused_by_the_capability(tmp_path):
    class Undeclared(LEM):
        pass

    layer = rnnzoo.Recurrent(Undeclared, 2, 3)
    with pytest.raises(ExportError, match=r"'Undeclared' does not declare the capability 'exportable'.*rnnzoo check"):
        rnnzoo.export(layer, tmp_path / "out")
    assert (rnnzoo.export(layer, tmp_path / "out", "safetensors") / "model.safetensors").is_file()


def test_a_missing_package_is_named_with_the_command(tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(forms, "find_spec", lambda name: None if name == "onnxruntime" else found(name))
    with pytest.raises(ExportError, match=r"needs onnxruntime: pip install 'rnnzoo\[onnx\]'"):
        rnnzoo.export(lstm(), tmp_path / "out")


def test_what_is_no_export_of_ours_is_left_alone(tmp_path):
    (tmp_path / "model.onnx").write_text("somebody else's")
    with pytest.raises(ExportError, match=r"holds model\.onnx and would be replaced"):
        rnnzoo.export(lstm(), tmp_path, "pt2")
    with pytest.raises(ExportError, match="is a file; expected a directory"):
        rnnzoo.export(lstm(), tmp_path / "model.onnx", "pt2")
    assert (tmp_path / "model.onnx").read_text() == "somebody else's"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"cannot be written .*give a directory that can"):
        rnnzoo.export(lstm(), tmp_path / "file" / "out", "pt2")


def test_numbers_that_are_not_the_models_are_not_kept_and_an_earlier_export_stays(tmp_path, monkeypatch):
    out = rnnzoo.export(lstm(), tmp_path / "out", "safetensors")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write, run = forms.FORMS["pt2"]
    monkeypatch.setitem(forms.FORMS, "pt2", (write, lambda *given: [1.001 * one for one in run(*given)]))
    with pytest.raises(ExportError, match=r"more than 0\.0001; it was not kept"):
        rnnzoo.export(lstm(), out, "pt2")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    monkeypatch.undo()
    assert sorted(path.name for path in rnnzoo.export(lstm(), out, "pt2").iterdir()) == ["interface.json", "model.pt2"]


class Steps(LEM):
    """An operator that ONNX does not have."""

    def step(self, x, state):
        y, state = super().step(x, state)
        return torch.special.bessel_j0(y), state


def test_an_operator_that_onnx_does_not_have_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "find_entry", lambda cell: LAYERS.entry("lem"))
    with pytest.raises(ExportError, match=r"could not write model\.onnx: .*bessel_j0.*or format='pt2'"):
        rnnzoo.export(rnnzoo.Recurrent(Steps, 2, 3), tmp_path / "out")
    assert not list(tmp_path.iterdir())
