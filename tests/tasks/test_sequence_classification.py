"""The classifier learns, measures, predicts, and comes back from its checkpoint as it was."""

import math

import pytest
import torch
from sklearn.metrics import f1_score
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.registry import TASKS, UnknownName
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def small(layer="gru", **options):
    return SequenceClassifier(spec(), layer, hidden_size=8, embedding_size=4, **options)


def evaluate(task, batch):
    """Loss and accuracy, straight from the definitions."""
    with torch.no_grad():
        logits = task.eval()(batch.inputs, batch.lengths).double()
    task.train()
    w = batch.weights.double()
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    loss = -p[torch.arange(len(w)), batch.targets].log()
    right = (logits.max(dim=1).indices == batch.targets).double()
    return float((loss * w).sum() / w.sum()), float((right * w).sum() / w.sum())


def macro_f1(task, batch):
    """scikit-learn's, of the rows that have a weight."""
    with torch.no_grad():
        answers = task.eval()(batch.inputs, batch.lengths).argmax(dim=1)
    task.train()
    return f1_score(batch.targets, answers, average="macro", sample_weight=batch.weights)


# the label is the first token's: without recurrence its place is unseen, and the loss ends about half way down
@pytest.mark.parametrize(("layer", "share"), [("none", 0.6), ("gru", 0.5), ("mingru", 0.5)])
def test_the_loss_falls_on_what_it_can_learn(tmp_path, layer, share):
    batches = [make_batch(16, seed=seed) for seed in range(4)]
    task = small(layer, learning_rate=0.03, pooling="mean")
    before = evaluate(task, batches[0])[0]
    trainer = quiet_trainer(tmp_path, max_epochs=15)
    trainer.fit(task, loader(batches))
    after = evaluate(task, batches[0])[0]
    assert before == pytest.approx(math.log(3), abs=0.4)
    assert after < share * before


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_rows_do_not_depend_on_their_neighbours_or_padding(pooling, bidirectional):
    task = small(pooling=pooling, bidirectional=bidirectional, num_layers=2).eval()
    batch = make_batch(5)
    together = task(batch.inputs, batch.lengths)
    for i, n in enumerate(batch.lengths.tolist()):
        torch.testing.assert_close(task(batch.inputs[i : i + 1, :n]), together[i : i + 1], rtol=1e-5, atol=1e-6)


def test_every_parameter_gets_a_gradient():
    task = small("lstm", num_layers=2, bidirectional=True, pooling="attention")
    batch = make_batch(8)
    task.losses(task(batch.inputs, batch.lengths), batch).sum().backward()
    assert [name for name, p in task.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


def test_metrics_are_weighted_means_over_the_split_and_each_pass_begins_afresh(tmp_path):
    task = small()
    batches = [make_batch(6, seed=1), make_batch(3, seed=2, weights=[1, 0, 1])]
    joined = type(batches[0])(*(torch.cat(members) for members in zip(*batches, strict=True)))
    loss, accuracy = evaluate(task, joined)
    trainer = quiet_trainer(tmp_path)
    for _ in range(2):
        (found,) = trainer.validate(task, loader(batches), verbose=False)
        expected = {"val/loss": loss, "val/accuracy": accuracy, "val/macro_f1": macro_f1(task, joined)}
        assert found == pytest.approx(expected, rel=1e-6)
        assert task.results["val"]["accuracy"] == (pytest.approx(accuracy), 8)
    (found,) = trainer.test(task, loader(batches), verbose=False)
    expected = {"test/loss": loss, "test/accuracy": accuracy, "test/macro_f1": macro_f1(task, joined)}
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_logged_training_loss_is_the_mean_over_the_epoch(tmp_path):
    task = small(learning_rate=0.0)
    batches = [make_batch(6, seed=1), make_batch(2, seed=2)]
    joined = type(batches[0])(*(torch.cat(members) for members in zip(*batches, strict=True)))
    trainer = quiet_trainer(tmp_path, max_epochs=2, log_every_n_steps=2)
    trainer.fit(task, loader(batches))
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(evaluate(task, joined)[0], rel=1e-6)
    assert float(trainer.callback_metrics["train/loss_step"]) == pytest.approx(evaluate(task, batches[1])[0], rel=1e-6)


def test_a_checkpoint_gives_the_same_model_without_unpickling_anything(tmp_path):
    data = DigitSum.tiny()
    task = SequenceClassifier(
        data.spec, "lstm", hidden_size=8, embedding_size=4, layer_options={"recurrent_bias": False}
    )
    trainer = quiet_trainer(tmp_path, max_steps=3)
    trainer.fit(task, datamodule=data)
    path = tmp_path / "model.ckpt"
    trainer.save_checkpoint(path, weights_only=False)
    again = SequenceClassifier.load_from_checkpoint(path, weights_only=True)
    assert again.hparams == task.hparams
    raw = ["67001", "12300", "99000"]
    assert again.predict(raw) == task.predict(raw)
    found = torch.load(path, weights_only=True)
    assert (found["task"], found["rnnzoo"], found["codec"]) == (
        "sequence_classification",
        {"format": 1},
        {"codec": "digits"},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [({"rnnzoo": {"format": 2}}, "format 2.*upgrade"), ({"rnnzoo": {}}, "not written by an rnnzoo task")],
)
def test_a_checkpoint_of_a_newer_format_or_of_another_program_is_refused(tmp_path, change, message):
    data = DigitSum.tiny()
    trainer = quiet_trainer(tmp_path, max_steps=1)
    trainer.fit(SequenceClassifier(data.spec, "none"), datamodule=data)
    path = tmp_path / "model.ckpt"
    trainer.save_checkpoint(path, weights_only=False)
    torch.save({**torch.load(path, weights_only=True), **change}, path)
    with pytest.raises(ValueError, match=message):
        SequenceClassifier.load_from_checkpoint(path, weights_only=True)


def test_predictions_are_in_order_and_add_up_to_one(tmp_path):
    data = DigitSum.tiny()
    task = SequenceClassifier(data.spec, "lstm", hidden_size=8)
    task.codec = data.codec_state()
    raw = ["67001", "123", "9900", "11111111"]
    answers = task.predict(raw, batch_size=3)
    assert [task.predict([item])[0].label for item in raw] == [answer.label for answer in answers]
    for answer in answers:
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-6)
        assert answer.probability == max(answer.probabilities.values()) == answer.probabilities[answer.label]
    assert task.training, "predicting leaves the model in the mode it was in"


def test_predicting_leaves_fillers_out():
    batch = make_batch(4, weights=[1, 0, 1, 0])
    task = small().eval()
    assert task.predict_step(batch, 0) == [task.answers(task(batch.inputs, batch.lengths), batch)[i] for i in (0, 2)]


def test_predicting_without_a_codec_says_what_to_do():
    with pytest.raises(ValueError, match=r"no codec.*datamodule of rnnzoo\.data"):
        small().predict(["12"])


def test_a_single_string_is_not_a_list_of_its_letters():
    task = small()
    task.codec = {"codec": "digits"}
    with pytest.raises(ValueError, match="single string '123'; expected a list"):
        task.predict("123")


def test_real_channels_are_classified_too():
    real = spec(input="real", input_size=2, padding_id=None)
    task = SequenceClassifier(real, "gru", hidden_size=8, embedding="none", num_layers=2, dropout=0.5, pooling="max")
    assert task(torch.randn(4, 6, 2), torch.tensor([6, 2, 3, 1])).shape == (4, 3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"spec": spec(kind="tags")}, ValueError, "kind 'tags', SequenceClassifier takes 'label'"),
        ({"spec": {"kind": "label", "input": "tokens"}}, ValueError, "lacks input_size, output_size"),
        ({"spec": spec(output_size=2)}, ValueError, "3 labels and output_size 2"),
        ({"layer": "lstn"}, UnknownName, "did you mean lstm"),
        ({"pooling": "men"}, UnknownName, "did you mean mean"),
        ({"optimizer": "adamm"}, UnknownName, "did you mean adam"),
        ({"schedule": "cosin"}, UnknownName, "did you mean cosine"),
        ({"initialization": "xavir"}, UnknownName, "did you mean xavier"),
        ({"output": "sigmod"}, UnknownName, "did you mean sigmoid"),
        ({"output": "sigmoid"}, ValueError, "for two labels, and the data has 3; use 'softmax'"),
        ({"optimizer_options": {"epsi": 1e-7}}, UnknownName, "did you mean eps"),
        ({"clip_per_tensor": 0.0}, ValueError, "clip_per_tensor is 0.0"),
    ],
)
def test_what_cannot_be_is_refused_before_training(options, error, message):
    with pytest.raises(error, match=message):
        SequenceClassifier(**{"spec": spec(), **options})


def test_one_sigmoid_is_for_two_labels_and_measures_like_two_logits():
    two = {**spec(), "output_size": 2, "labels": ["no", "yes"]}
    task = SequenceClassifier(two, "srn", hidden_size=8, embedding_size=4, output="sigmoid").eval()
    batch = make_batch(5)
    batch = batch._replace(targets=batch.targets.clamp(max=1))
    logits = task(batch.inputs, batch.lengths)
    p = torch.sigmoid(logits[:, 1])  # of "yes"
    chosen = torch.where(batch.targets == 1, p, 1 - p)
    torch.testing.assert_close(task.losses(logits, batch), -chosen.log())
    assert task.measures(logits, batch)["accuracy"].equal((p > 0.5) == (batch.targets == 1))
    assert [answer.probabilities["yes"] for answer in task.answers(logits, batch)] == pytest.approx(p.tolist())


def test_data_of_another_spec_is_refused(tmp_path):
    task = SequenceClassifier({**DigitSum.tiny().spec, "input_size": 11}, "none")
    with pytest.raises(ValueError, match="data's input_size is 10 and the model was built for 11"):
        quiet_trainer(tmp_path, max_steps=1).fit(task, datamodule=DigitSum.tiny())


def test_a_target_out_of_range_is_named_with_the_range():
    batch = make_batch(3)._replace(targets=torch.tensor([0, 5, 1]))
    task = small()
    with pytest.raises(ValueError, match="targets go from 0 to 5; expected 0 to 2"):
        task.losses(task(batch.inputs, batch.lengths), batch)


def test_it_is_registered_with_the_metrics_it_measures():
    entry = TASKS.entry("sequence_classification")
    assert entry.target is SequenceClassifier
    assert (entry.accepts, entry.metrics) == (SequenceClassifier.accepts, SequenceClassifier.metric_specs)
    directions = {metric.name: metric.higher_is_better for metric in entry.metrics}
    assert directions == {"accuracy": True, "macro_f1": True, "loss": False}
