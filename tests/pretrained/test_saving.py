import json

import pytest
import torch

import rnnzoo
from rnnzoo.pretrained import PretrainedError, load_pretrained, save_pretrained


def same_predictions(one, other, raw, tolerance=0.0):
    for a, b in zip(one.predict(raw), other.predict(raw), strict=True):
        assert a.probabilities.keys() == b.probabilities.keys()
        assert max(abs(a.probabilities[key] - b.probabilities[key]) for key in a.probabilities) <= tolerance


def test_a_saved_task_comes_back_with_every_tensor_argument_and_prediction(task, raw, tmp_path):
    loaded = load_pretrained(save_pretrained(task, tmp_path / "deep" / "model"))
    assert type(loaded) is type(task)
    assert not loaded.training
    assert dict(loaded.hparams) == dict(task.hparams)
    assert loaded.codec == task.codec
    assert loaded.state_dict().keys() == task.state_dict().keys()
    for name, tensor in task.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    same_predictions(loaded, task, raw)


def test_half_precision_halves_the_file_and_comes_back_as_float32_rounded_to_it(task, raw, tmp_path):
    full = save_pretrained(task, tmp_path / "full") / "model.safetensors"
    half = save_pretrained(task, tmp_path / "half", half=True) / "model.safetensors"
    header = 8 + int.from_bytes(half.read_bytes()[:8], "little")
    full_header = 8 + int.from_bytes(full.read_bytes()[:8], "little")
    assert full.stat().st_size - full_header == 2 * (half.stat().st_size - header)
    loaded = load_pretrained(half.parent)
    for name, parameter in loaded.named_parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, task.get_parameter(name).half().float()), name
    same_predictions(loaded, task, raw, tolerance=0.05)


def test_a_value_beyond_half_precision_is_refused_and_nothing_is_left_behind(task, tmp_path):
    with torch.no_grad():
        next(iter(task.parameters())).view(-1)[0] = 1e6
    with pytest.raises(PretrainedError, match="65504"):
        save_pretrained(task, tmp_path / "model", half=True)
    assert list(tmp_path.iterdir()) == []


def test_saving_again_replaces_the_model_and_leaves_nothing_beside_it(task, raw, tmp_path):
    save_pretrained(task, tmp_path / "model")
    with torch.no_grad():
        next(iter(task.parameters())).add_(1)
    save_pretrained(task, tmp_path / "model")
    same_predictions(load_pretrained(tmp_path / "model"), task, raw)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("content", [{"notes.txt": "mine"}, {"config.json": '{"model_type": "bert"}'}])
def test_a_directory_of_something_else_is_left_as_it_was(task, tmp_path, content):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PretrainedError, match=str(tmp_path)):
        save_pretrained(task, tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == content


def test_a_model_of_a_newer_format_is_not_overwritten(task, tmp_path):
    directory = save_pretrained(task, tmp_path / "model")
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"format": 2}))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(PretrainedError, match="upgrade"):
        save_pretrained(task, directory)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


def test_a_file_in_the_way_is_named(task, tmp_path):
    (tmp_path / "model").write_text("a file")
    with pytest.raises(PretrainedError, match="is a file"):
        save_pretrained(task, tmp_path / "model")


def test_a_failed_write_keeps_the_old_model(task, raw, tmp_path, monkeypatch):
    directory = save_pretrained(task, tmp_path / "model")

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("rnnzoo.pretrained.saving.model_card", fail)
    with pytest.raises(OSError, match="no space"):
        save_pretrained(task, directory)
    monkeypatch.undo()
    same_predictions(load_pretrained(directory), task, raw)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_unregistered_class_is_refused_by_name(task, tmp_path):
    class Mine(type(task)):
        pass

    task.__class__ = Mine
    with pytest.raises(PretrainedError, match="Mine is not a registered task"):
        save_pretrained(task, tmp_path / "model")


def test_the_card_states_the_measured_numbers_and_the_two_lines_of_use(task, tmp_path):
    notes = {"measured": {"test/accuracy": 0.51234}, "data": "digit_sum", "licence": "generated"}
    card = (save_pretrained(task, tmp_path / "sums", notes=notes) / "README.md").read_text()
    assert "| test/accuracy | 0.5123 |" in card
    assert 'rnnzoo.load_pretrained("sums")' in card
    assert "| licence | generated |" in card
    assert rnnzoo.__version__ in card
