"""`rnnzoo bench publish`: what is written loads as the same model, with a card from its rows, or nothing is."""

import json
import shutil

import pytest
import torch

from rnnzoo import cli
from rnnzoo.pretrained import PretrainedError, from_pretrained, load_pretrained, save_pretrained
from rnnzoo.pretrained.sharing import share
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.registry import UnknownName


def same(one, other):
    assert one.codec == other.codec
    assert all(torch.equal(one.state_dict()[name], tensor) for name, tensor in other.state_dict().items())


@pytest.fixture
def run(task, tmp_path):
    """A run's folder as `bench run --keep` leaves it, and its rows."""
    folder = tmp_path / "results" / ".runs" / "digit-sum" / "abc-lstm-0"
    folder.mkdir(parents=True)
    checkpoint = {"state_dict": task.state_dict(), "hyper_parameters": dict(task.hparams)}
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "best.ckpt")
    (folder / "run.json").write_text(json.dumps({"data_name": "digit_sum", "data": {"length": 6}}))
    row = {"table": "digit-sum", "data": "digit_sum", "checkpoint_sha256": sha256(folder / "best.ckpt")}
    rows = [
        {**row, "split": split, "metric": "accuracy", "value": value}
        for split, value in (("train", 1.0), ("validation", 0.75), ("test", 0.625))
    ]
    file = tmp_path / "results" / "digit-sum" / "abc-lstm-0.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder, file


def test_a_run_in_a_folder_has_the_numbers_of_its_rows_and_loads_the_same(task, run, tmp_path, capsys):
    folder, _ = run
    assert cli.main(["bench", "publish", str(folder), "--to", str(tmp_path / "mine"), "--description", "adds."]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mine")
    same(from_pretrained(tmp_path / "mine"), task)
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "# mine" in card
    assert "adds." in card
    assert "| test/accuracy | 0.6250 |" in card
    assert "| validation/accuracy | 0.7500 |" in card
    assert "train/accuracy" not in card
    assert "| trained in | digit-sum/abc-lstm-0 |" in card


def test_a_run_on_the_hub_comes_back_by_its_id(task, run, hub):
    address = share(run[0], "hf://zoo/sums", private=True)
    assert address.startswith(f"{hub.address}/zoo/sums/commit/")
    same(from_pretrained("zoo/sums"), task)


def test_a_shipped_model_and_a_folder_are_shared_as_they_are(task, hub, tmp_path):
    share("digit-sum-lstm", "hf://zoo/digits")
    same(from_pretrained("zoo/digits"), load_pretrained("digit-sum-lstm"))
    saved = save_pretrained(task, tmp_path / "saved", half=True, notes={"licence": "mine"})
    share(saved, str(tmp_path / "again"))
    assert all((tmp_path / "again" / file.name).read_bytes() == file.read_bytes() for file in saved.iterdir())


def test_half_precision_is_half_precision(task, tmp_path):
    saved = save_pretrained(task, tmp_path / "saved")
    share(saved, str(tmp_path / "half"), half=True)
    name, parameter = next(iter(load_pretrained(tmp_path / "half").named_parameters()))
    assert torch.equal(parameter, task.get_parameter(name).half().float())


def test_a_checkpoint_whose_rows_are_gone_or_not_its_own_is_named_and_nothing_is_written(run, tmp_path):
    folder, file = run
    rows = file.read_text()
    file.write_text(rows.replace(json.loads(rows.splitlines()[0])["checkpoint_sha256"], "0" * 64))
    with pytest.raises(PretrainedError, match=r"abc-lstm-0\.jsonl has the rows of another checkpoint"):
        share(folder, str(tmp_path / "mine"))
    for broken in ("{broken\n", "[1]\n"):
        file.write_text(rows + broken)
        with pytest.raises(PretrainedError, match=r"abc-lstm-0\.jsonl cannot be read as result rows"):
            share(folder, str(tmp_path / "mine"))
    file.unlink()
    with pytest.raises(PretrainedError, match=r"the rows of .*best\.ckpt are gone: there is no .*abc-lstm-0\.jsonl"):
        share(folder, str(tmp_path / "mine"))
    (folder / "best.ckpt").unlink()
    with pytest.raises(PretrainedError, match=r"has no best\.ckpt; make the run again with .*--keep"):
        share(folder, str(tmp_path / "mine"))
    assert not (tmp_path / "mine").exists()


def test_a_place_that_is_none_is_refused_and_what_stands_there_stays(tmp_path):
    with pytest.raises(PretrainedError, match="hf://sums names no repository; expected hf://organisation/name"):
        share("digit-sum-lstm", "hf://sums")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PretrainedError, match=r"holds notes\.txt; give a new or empty directory"):
        share("digit-sum-lstm", str(tmp_path))
    with pytest.raises(PretrainedError, match="is a file; expected a directory"):
        share("digit-sum-lstm", str(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(UnknownName, match="digit-sum-lstm"):
        share("digit-sum-lstn", str(tmp_path / "new"))


def test_a_damaged_folder_is_refused(task, tmp_path):
    saved = save_pretrained(task, tmp_path / "saved")
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(PretrainedError):
        share(saved, str(tmp_path / "new"))
    shutil.rmtree(saved)
    assert not (tmp_path / "new").exists()
