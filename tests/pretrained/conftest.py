"""A small task with random weights, and a Hub of its own for every test that wants one."""

from __future__ import annotations

import pytest
import torch
from hub_server import HubServer

from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.registry import TASKS


@pytest.fixture
def task():
    data = DigitSum(length=6)
    task = TASKS.create(
        "sequence_classification", spec=dict(data.spec), layer="mingru", hidden_size=7, embedding_size=5, num_layers=2
    )
    with torch.no_grad():
        for parameter in task.parameters():
            parameter.normal_()
    task.codec = data.codec_state()
    return task.eval()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


RAW = ["670010", "190000", "0500030", "12"]


@pytest.fixture
def raw():
    return RAW
