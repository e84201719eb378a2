"""`predict --json`: whatever a model answers is JSON, and the same when it is read back."""

import json

import pandas as pd
import torch

from rnnzoo import cli, pretrained
from rnnzoo.commands.predict import primitive
from rnnzoo.tasks._forecast_answers import Forecast

DAYS = pd.DataFrame(
    {"OT": [1.5, 2.5], "OT 0.9": [2.0, 3.0]}, index=pd.DatetimeIndex(["2024-01-31", "2024-02-01"], name="date")
)


def test_a_forecast_is_its_rows_with_their_dates(monkeypatch, capsys):
    class Model:
        def predict(self, raw):
            return [Forecast(DAYS) for _ in raw]

    monkeypatch.setattr(pretrained, "load_pretrained", lambda _: Model())
    assert cli.main(["predict", "model", "past.csv", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["text"] == "past.csv"
    assert [row["OT 0.9"] for row in answer["frame"]] == [2.0, 3.0]
    assert [pd.Timestamp(row["date"]) for row in answer["frame"]] == list(DAYS.index)


def test_arrays_are_lists_wherever_they_are():
    answer = {"scores": (torch.tensor([[1.0, 2.0]]), torch.tensor(3)), "name": "a"}
    assert json.loads(json.dumps(primitive(answer))) == {"scores": [[[1.0, 2.0]], 3], "name": "a"}
