import pytest
import torch

from rnnzoo.pretrained import PretrainedError, load_pretrained, push_to_hub, save_pretrained


def put(hub, directory, repo_id="zoo/sums"):
    hub.repositories[repo_id] = {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_pushed_model_comes_back_the_same_through_its_id(task, hub):
    address = push_to_hub(task, "zoo/sums", private=True)
    assert address.startswith(f"{hub.address}/zoo/sums/commit/")
    assert set(hub.repositories["zoo/sums"]) == {"config.json", "model.safetensors", "README.md"}
    loaded = load_pretrained("zoo/sums")
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in task.state_dict().items())
    assert loaded.codec == task.codec


def test_pushing_again_replaces_the_files_of_the_repository(task, hub):
    push_to_hub(task, "zoo/sums")
    with torch.no_grad():
        next(iter(task.parameters())).add_(1)
    push_to_hub(task, "zoo/sums", half=True)
    name, parameter = next(iter(load_pretrained("zoo/sums").named_parameters()))
    assert torch.equal(parameter, task.get_parameter(name).half().float())


def test_nothing_but_the_two_files_is_fetched(task, hub, tmp_path):
    put(hub, save_pretrained(task, tmp_path / "model"))
    hub.repositories["zoo/sums"] |= {"pytorch_model.bin": b"pickle", "run_me.py": b"print()"}
    load_pretrained("zoo/sums")
    assert hub.fetched() == {"config.json", "model.safetensors"}


def test_a_fetched_model_is_found_again_without_a_network(task, hub, tmp_path, monkeypatch):
    put(hub, save_pretrained(task, tmp_path / "model"))
    load_pretrained("zoo/sums")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert load_pretrained("zoo/sums").codec == task.codec


def test_an_unknown_id_is_said_to_be_neither_directory_nor_model(hub):
    with pytest.raises(PretrainedError, match="'zoo/nothing' is neither a directory here nor a model"):
        load_pretrained("zoo/nothing")


def test_no_network_is_said_to_be_no_network(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PretrainedError, match="cannot be reached"):
        load_pretrained("zoo/sums")


def test_pushing_without_a_network_names_the_endpoint(task, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PretrainedError, match=r"could not be uploaded to http://127\.0\.0\.1:9"):
        push_to_hub(task, "zoo/sums")


def test_a_model_of_another_library_is_refused(hub):
    hub.repositories["zoo/bert"] = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b""}
    with pytest.raises(PretrainedError, match="does not describe an rnnzoo model"):
        load_pretrained("zoo/bert")


def test_a_repository_without_weights_is_refused(task, hub, tmp_path):
    put(hub, save_pretrained(task, tmp_path / "model"))
    del hub.repositories["zoo/sums"]["model.safetensors"]
    with pytest.raises(PretrainedError, match=r"no model\.safetensors"):
        load_pretrained("zoo/sums")


def test_an_exchanged_weights_file_is_found(task, hub, tmp_path):
    put(hub, save_pretrained(task, tmp_path / "model"))
    content = bytearray(hub.repositories["zoo/sums"]["model.safetensors"])
    content[-1] ^= 1
    hub.repositories["zoo/sums"]["model.safetensors"] = bytes(content)
    with pytest.raises(PretrainedError, match="SHA-256"):
        load_pretrained("zoo/sums")


def test_a_directory_wins_over_the_id_of_the_same_name(task, hub, tmp_path, monkeypatch):
    save_pretrained(task, tmp_path / "zoo" / "sums")
    monkeypatch.chdir(tmp_path)
    load_pretrained("zoo/sums")
    assert hub.requests == []
