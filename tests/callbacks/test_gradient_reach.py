"""The reach is measured on the weights before and after, along sequences of the data, and sums up as it says."""

import pytest
import torch
from training import quiet_trainer

from rnnzoo.callbacks import GradientReach
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.recurrent.state_jacobian import state_jacobian_norms
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def fit(folder, trace, **model):
    data = DigitSum(length=6)
    torch.manual_seed(0)
    task = SequenceClassifier(data.spec, **{"layer": "srn", "hidden_size": 4, "embedding_dropout": 0.5, **model})
    first = [tensor.clone() for tensor in task.state_dict().values()]
    trainer = quiet_trainer(folder, max_steps=3, callbacks=[trace])
    trainer.fit(task, datamodule=data)
    return task, first, data


def norms(task, data):
    inputs = data.splits["validation"][range(2)].inputs
    with torch.no_grad():
        return state_jacobian_norms(task.encoder.recurrent.cells, task.eval().encoder.embedding(inputs)).tolist()


def test_it_is_that_of_the_first_and_the_last_weights_without_dropout(tmp_path):
    trace = GradientReach(sequences=2)
    task, first, data = fit(tmp_path, trace)
    assert [record["lag"] for record in trace.records] == list(range(6))
    assert [record["end"] for record in trace.records] == norms(task, data)
    task.load_state_dict(dict(zip(task.state_dict(), first, strict=True)))
    assert [record["start"] for record in trace.records] == norms(task, data)


def test_the_reach_is_the_lag_up_to_which_enough_is_left():
    trace = GradientReach(fraction=0.1)
    start, end = (1.0, 0.5, 0.1, 0.09, 3.0), (1.0, 2.0, 5.0, 9.0, 30.0)
    trace.records = [{"lag": k, "start": a, "end": b} for k, (a, b) in enumerate(zip(start, end, strict=True))]
    assert [(value.metric, value.value) for value in trace.summary()] == [
        ("gradient_reach_start", 2.0),
        ("gradient_reach_end", 4.0),
    ]


@pytest.mark.parametrize("model", [{"layer": "none"}, {"bidirectional": True}])
def test_a_model_without_one_direction_is_refused(tmp_path, model):
    with pytest.raises(ValueError, match="looks along one direction"):
        fit(tmp_path, GradientReach(), **model)


@pytest.mark.parametrize(("options", "message"), [({"sequences": 0}, "sequences is 0"), ({"fraction": 1}, "fraction")])
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GradientReach(**options)
