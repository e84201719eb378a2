"""The pictures are of the trained model, of every row that counts and no other."""

import pytest
import torch
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import ConfusionTrace, Pictures
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.data.snips import Snips
from rnnzoo.tasks.sequence_classification import SequenceClassifier
from rnnzoo.tasks.sequence_tagging import SequenceTagger


def counts_of(figure):
    """The numbers in the cells of a confusion matrix, by true label and answer."""
    cells = {}
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        cells[round(row), round(column)] = int(text.get_text())
    return cells


def test_the_confusion_matrix_counts_every_real_row_once(tmp_path):
    batches = [make_batch(4, seed=1), make_batch(4, seed=2, weights=[1.0, 1.0, 0.0, 1.0])]
    task, pictures = SequenceClassifier(spec(), "none"), Pictures("test")
    quiet_trainer(tmp_path, callbacks=[pictures]).test(task, loader(batches), verbose=False)
    expected = {}
    for batch in batches:
        answers = task(batch.inputs, batch.lengths).argmax(dim=-1)
        for target, answer, weight in zip(batch.targets, answers, batch.weights, strict=True):
            if weight:
                place = int(target), int(answer)
                expected[place] = expected.get(place, 0) + 1
    assert sum(expected.values()) == 7
    assert counts_of(pictures.figures["confusion"]) == expected


def test_the_trace_has_the_same_counts_a_record_a_true_label(tmp_path):
    batches = [make_batch(4, seed=1), make_batch(4, seed=2, weights=[1.0, 1.0, 0.0, 1.0])]
    task, pictures, trace = SequenceClassifier(spec(), "none"), Pictures("test"), ConfusionTrace()
    quiet_trainer(tmp_path, callbacks=[pictures, trace]).test(task, loader(batches), verbose=False)
    assert [list(record) for record in trace.records] == [["a", "b", "c"]] * 3
    counted = {(i, j): n for i, record in enumerate(trace.records) for j, n in enumerate(record.values()) if n}
    assert counted == counts_of(pictures.figures["confusion"])


def test_of_a_tagger_the_tags_that_it_chooses_are_counted(tmp_path):
    data, pictures = Snips.tiny(), Pictures("test")
    task = SequenceTagger(data.spec, "none", embedding_size=4, output="crf")
    quiet_trainer(tmp_path, callbacks=[pictures]).test(task, datamodule=data, verbose=False)
    counts = counts_of(pictures.figures["confusion"])
    assert sum(counts.values()) == task.results["test"]["accuracy"].n
    right = sum(n for (row, column), n in counts.items() if row == column)
    assert right / sum(counts.values()) == pytest.approx(task.results["test"]["accuracy"].value)


def test_a_task_without_labels_has_nothing_to_trace(tmp_path):
    task = SequenceClassifier(spec(), "none")
    task.labels = []
    with pytest.raises(ValueError, match="nothing was counted for the trace 'confusion'; leave it out"):
        quiet_trainer(tmp_path, callbacks=[ConfusionTrace()]).test(task, loader([make_batch(4)]), verbose=False)


def test_only_the_stage_asked_for_is_pictured(tmp_path):
    pictures = Pictures("validate")
    trainer = quiet_trainer(tmp_path, callbacks=[pictures], max_epochs=1)
    task, data = SequenceClassifier(spec(), "none"), loader([make_batch(4)])
    trainer.fit(task, data, data)
    trainer.test(task, data, verbose=False)
    assert pictures.figures == {}
    trainer.validate(task, data, verbose=False)
    assert set(pictures.figures) == {"confusion"}


def test_attention_and_gates_are_shown_where_the_model_has_them(tmp_path):
    data = DigitSum(length=5, batch_size=8)
    found = {}
    for layer, pooling in (("gru", "attention"), ("srn", "attention"), ("gru", "last")):
        task = SequenceClassifier(data.spec, layer, hidden_size=4, embedding_size=4, pooling=pooling)
        pictures = Pictures("test")
        quiet_trainer(tmp_path, callbacks=[pictures]).test(task, datamodule=data, verbose=False)
        assert pictures.missing == {}
        found[layer, pooling] = set(pictures.figures)
    assert found["gru", "attention"] == {"confusion", "attention", "gates"}
    assert found["srn", "attention"] == {"confusion", "attention"}
    assert found["gru", "last"] == {"confusion", "gates"}


def test_a_picture_that_fails_is_told_and_costs_nothing_else(tmp_path, monkeypatch):
    def fail(self, batch):
        raise RuntimeError("no ink")

    monkeypatch.setattr(SequenceClassifier, "pictures", fail)
    task, pictures = SequenceClassifier(spec(), "none"), Pictures("test")
    quiet_trainer(tmp_path, callbacks=[pictures]).test(task, loader([make_batch(4)]), verbose=False)
    assert pictures.missing == {"task": "RuntimeError: no ink"}
    assert set(pictures.figures) == {"confusion"}
    assert task.results["test"]


def test_outputs_that_are_not_scores_of_the_labels_are_not_counted(tmp_path, monkeypatch):
    measure = SequenceClassifier._measure
    monkeypatch.setattr(SequenceClassifier, "_measure", lambda *given: torch.zeros(len(measure(*given)), 7))
    task, pictures = SequenceClassifier(spec(), "none"), Pictures("test")
    quiet_trainer(tmp_path, callbacks=[pictures]).test(task, loader([make_batch(4)]), verbose=False)
    assert (pictures.figures, pictures.missing) == ({}, {})


def test_other_stages_are_refused():
    with pytest.raises(ValueError, match="stage is 'fit'; expected 'test' or 'validate'"):
        Pictures("fit")
