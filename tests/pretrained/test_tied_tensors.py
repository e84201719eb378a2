"""A tensor that two names have is written once, and both have it again."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from rnnzoo.data.reversal import Reversal
from rnnzoo.pretrained import load_pretrained, save_pretrained
from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.tensors import read_tensors, write_tensors
from rnnzoo.tasks.sequence_to_sequence import SequenceToSequence


def test_a_tied_models_file_has_its_table_once_and_the_model_is_the_same(tmp_path):
    data = Reversal.tiny()
    task = SequenceToSequence(data.spec, hidden_size=4, embedding_size=4, attention="bilinear", tied=True)
    task.codec = data.codec_state()
    folder = save_pretrained(task, tmp_path / "model")
    written = load_file(folder / "model.safetensors")
    assert sum(tensor.numel() for tensor in written.values()) == sum(p.numel() for p in task.parameters())
    again = load_pretrained(str(folder))
    for name, tensor in task.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    assert again.model.decoder.head.weight is again.model.decoder.embedding.map.weight


def test_equal_tensors_of_their_own_and_parts_of_one_are_all_written(tmp_path):
    whole = torch.arange(6.0).view(2, 3)
    tensors = {
        "a": whole,
        "b": whole.clone(),
        "row": whole[0],
        "turned": whole.t(),
        "none": whole[:0],
        "more": whole[:0],
    }
    write_tensors(tensors, tmp_path / "x.safetensors", once=True)
    assert load_file(tmp_path / "x.safetensors").keys() == tensors.keys()
    write_tensors({"a": whole, "b": whole}, tmp_path / "y.safetensors")
    assert load_file(tmp_path / "y.safetensors").keys() == {"a", "b"}, "any reader finds every name"


def test_a_file_whose_second_name_leads_nowhere_is_damaged(tmp_path):
    path = tmp_path / "x.safetensors"
    for tied in (json.dumps({"b": "c"}), "no JSON", "[]"):
        save_file({"a": torch.zeros(1)}, path, metadata={"tied": tied})
        with pytest.raises(PretrainedError, match="is damaged"):
            read_tensors(path)
