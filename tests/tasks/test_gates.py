"""A task shows the gates of its recurrent layers over raw input, as they are when it predicts."""

import pytest
import torch
from tolerances import close
from training import spec

import rnnzoo
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.data.digits import Digits
from rnnzoo.data.text import TextCodec
from rnnzoo.tasks.sequence_classification import SequenceClassifier

RAW = ["6700100000", "123", "90001"]


def digit_task(layer="lstm", **options):
    data = DigitSum(length=10)
    task = SequenceClassifier(data.spec, layer, hidden_size=8, embedding_size=4, **options)
    task.codec = data.codec_state()
    return task


@pytest.mark.parametrize("options", [{}, {"input_dropout": 0.5}], ids=["plain", "dropped layers"])
def test_the_last_hidden_states_lead_to_the_answers(options):
    task = digit_task(num_layers=2, bidirectional=True, dropout=0.5, word_dropout=0.3, **options)
    shown = rnnzoo.gate_values(task, RAW)
    assert list(shown) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    assert task.training
    lengths = [len(raw) for raw in RAW]
    forward = torch.stack([shown["l1"].states["hidden"][row, n - 1] for row, n in enumerate(lengths)])
    features = torch.cat([forward, shown["l1_reverse"].states["hidden"][:, 0]], dim=1)
    with torch.no_grad():
        answers = task.answers(task.head(features), None)
    for answer, expected in zip(answers, task.predict(RAW), strict=True):
        close(torch.tensor(list(answer.probabilities.values())), torch.tensor(list(expected.probabilities.values())))


def test_gates_are_zero_where_a_shorter_input_has_ended():
    forget = digit_task().gate_values(RAW)["l0"].gates["forget"]
    assert forget.shape == (3, 10, 8)
    assert forget[1, :3].min() > 0
    assert torch.equal(forget[1, 3:], torch.zeros(7, 8))


def test_steps_are_named_by_what_is_read():
    assert digit_task().steps(["670", "12"]) == [["6", "7", "0"], ["1", "2"]]
    task = SequenceClassifier(Digits().spec, "gru", hidden_size=4, embedding="none")
    task.codec = Digits().codec_state()
    assert task.steps([[0.0] * 64]) == [["1", "2", "3", "4", "5", "6", "7", "8"]]


def test_words_are_named_as_the_model_knows_them_and_padding_that_is_read_has_no_name():
    vocabulary = ["[PAD]", "[UNK]", "good", "film"]
    task = SequenceClassifier({**spec(), "input_size": 4}, "gru", hidden_size=4)
    task.codec = TextCodec(vocabulary, max_length=4, padding="pre").state()
    assert task.steps(["a good film"]) == [["", "[UNK]", "good", "film"]]
    assert task.gate_values(["a good film"])["l0"].gates["update"].shape[1] == 4


def test_without_gates_or_codec_it_says_so():
    for layer in ("srn", "none"):
        with pytest.raises(ValueError, match=f"layer '{layer}' has no gates"):
            digit_task(layer).gate_values(RAW)
    task = digit_task()
    with pytest.raises(ValueError, match="single string"):
        task.gate_values("123")
    task.codec = None
    for call in (task.gate_values, task.steps):
        with pytest.raises(ValueError, match="no codec"):
            call(RAW)
