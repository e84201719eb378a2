import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from rnnzoo.pretrained import PretrainedError, load_pretrained, save_pretrained
from rnnzoo.registry import UnknownName


@pytest.fixture
def directory(task, tmp_path):
    return save_pretrained(task, tmp_path / "model")


def rewrite(directory, **changes):
    """Change keys of config.json; ``weights={}`` switches the check sums off."""
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_loading_leaves_the_random_state_alone(directory):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    load_pretrained(directory)
    assert torch.equal(torch.rand(3), expected)


def test_a_truncated_file_is_called_damaged(directory):
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(PretrainedError, match=r"bytes, expected .* damaged"):
        load_pretrained(directory)


@pytest.mark.parametrize("keep", [0, 5, 60, -7])
def test_a_truncated_file_is_called_damaged_without_its_check_sum_too(directory, keep):
    rewrite(directory, weights={})
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(PretrainedError, match="damaged"):
        load_pretrained(directory)


def test_one_flipped_bit_is_found(directory):
    path = directory / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(PretrainedError, match="SHA-256"):
        load_pretrained(directory)


def test_missing_unexpected_and_misshapen_tensors_are_all_named(directory):
    rewrite(directory, weights={})
    path = directory / "model.safetensors"
    tensors = load_file(path)
    lost, bent = sorted(tensors)[:2]
    del tensors[lost]
    tensors[bent] = torch.zeros(2, 3, 4)
    tensors["stranger"] = torch.zeros(1)
    save_file(tensors, path)
    with pytest.raises(PretrainedError) as error:
        load_pretrained(directory)
    message = str(error.value)
    assert f"missing: {lost};" in message
    assert "not expected: stranger;" in message
    assert f"{bent} (2, 3, 4) (expected {tuple(load_expected(directory, bent))})" in message


def load_expected(directory, name):
    from rnnzoo.pretrained.config import read_config
    from rnnzoo.registry import TASKS

    config = read_config(directory)
    return TASKS.create(config.task, spec=config.spec, **config.arguments).state_dict()[name].shape


def test_a_newer_format_asks_for_an_upgrade(directory):
    rewrite(directory, format=2)
    with pytest.raises(PretrainedError, match="written by rnnzoo format 2, this reads up to 1: upgrade"):
        load_pretrained(directory)


@pytest.mark.parametrize("format", [None, "1", 0, True, 1.0])
def test_a_format_that_is_no_version_is_refused(directory, format):
    rewrite(directory, format=format)
    with pytest.raises(PretrainedError, match="format"):
        load_pretrained(directory)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"model_type": "bert"}', '{"library": "rnnzoo", "format": 1}'])
def test_a_damaged_or_foreign_config_is_refused(directory, text):
    (directory / "config.json").write_text(text)
    with pytest.raises(PretrainedError, match=r"config\.json"):
        load_pretrained(directory)


def test_an_argument_of_another_version_is_named(directory):
    arguments = json.loads((directory / "config.json").read_text())["arguments"]
    rewrite(directory, arguments=arguments | {"telepathy": True}, rnnzoo_version="9.9")
    with pytest.raises(PretrainedError, match=r"written by rnnzoo 9\.9.*telepathy"):
        load_pretrained(directory)


def test_an_unknown_task_gets_near_misses(directory):
    rewrite(directory, task="sequence_clasification")
    with pytest.raises(UnknownName, match="did you mean sequence_classification"):
        load_pretrained(directory)


def test_an_import_path_is_not_a_task(directory):
    rewrite(directory, task="os.system")
    with pytest.raises(UnknownName):
        load_pretrained(directory)


def test_a_missing_weights_file_is_named(directory):
    (directory / "model.safetensors").unlink()
    with pytest.raises(PretrainedError, match=r"no model\.safetensors"):
        load_pretrained(directory)


def test_a_run_directory_points_to_the_model_inside(task, tmp_path):
    save_pretrained(task, tmp_path / "run" / "model")
    with pytest.raises(PretrainedError, match="run/model: load that"):
        load_pretrained(tmp_path / "run")


@pytest.mark.parametrize("given", ["./nowhere", "/no/such/place", "a/b/c", "nowhere/model.ckpt"])
def test_a_path_that_does_not_exist_is_named(given):
    with pytest.raises(PretrainedError, match=given):
        load_pretrained(given)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"x")
    with pytest.raises(PretrainedError, match="is a file"):
        load_pretrained(tmp_path / "model.pt")


def test_map_location_moves_the_task(directory):
    assert {parameter.device.type for parameter in load_pretrained(directory, map_location="meta").parameters()} == {
        "meta"
    }
