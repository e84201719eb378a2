"""The tagger labels every step of a row by itself: neighbours, padding and steps of weight 0 change nothing."""

import math

import pytest
import torch
from tolerances import close
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.registry import TASKS, UnknownName
from rnnzoo.tasks.sequence_tagging import SequenceTagger


def tagger(layer="gru", **options):
    return SequenceTagger(spec(kind="tags"), layer, **{"hidden_size": 8, "embedding_size": 4, **options})


def tags_batch(rows, steps=6, seed=0):
    """Each step's tag is the token before it modulo 3 (0 at the first); a filler row at the end."""
    batch = make_batch(rows, steps, seed=seed)
    batch.inputs[-1], batch.lengths[-1] = 0, 1
    inside = torch.arange(steps) < batch.lengths[:, None]
    before = torch.cat([torch.zeros(rows, 1, dtype=torch.int64), batch.inputs[:, :-1]], dim=1)
    weights = inside.float()
    weights[-1] = 0
    return batch._replace(targets=torch.where(inside, before % 3, 0), weights=weights)


def definition(task, batch):
    """Loss, accuracy and exact match, step by step."""
    with torch.no_grad():
        logits = task.eval()(batch.inputs, batch.lengths).double()
    losses, right, whole = [], [], []
    for b in range(len(batch.lengths)):
        answers = []
        for t in range(batch.inputs.shape[1]):
            if batch.weights[b, t]:
                p = logits[b, t].exp() / logits[b, t].exp().sum()
                losses.append(-math.log(p[batch.targets[b, t]]))
                answers.append(int(p.argmax()) == int(batch.targets[b, t]))
        right += answers
        whole += [all(answers)] if answers else []
    return [sum(each) / len(each) for each in (right, whole, losses)], len(right), len(whole)


def test_metrics_are_those_of_the_definition_over_steps_and_sequences_with_weight(tmp_path):
    task, batches = tagger(), [tags_batch(5, seed=1), tags_batch(3, steps=2, seed=2)]
    (found,) = quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    parts = [definition(task, batch) for batch in batches]
    steps, rows = [part[1] for part in parts], [part[2] for part in parts]
    for i, (name, counts) in enumerate((("accuracy", steps), ("exact_match", rows), ("loss", steps))):
        expected = sum(part[0][i] * n for part, n in zip(parts, counts, strict=True)) / sum(counts)
        assert found[f"test/{name}"] == pytest.approx(expected, rel=1e-5), name
        assert task.results["test"][name].n == sum(counts)


def test_it_learns_what_needs_the_step_before_and_without_recurrence_it_cannot(tmp_path):
    reached = {}
    for layer in ("gru", "none"):
        torch.manual_seed(0)
        task, trainer = tagger(layer, learning_rate=0.03), quiet_trainer(tmp_path, max_epochs=25)
        trainer.fit(task, loader([tags_batch(24, seed=seed) for seed in range(4)]))
        trainer.test(task, loader([tags_batch(24, seed=9)]), verbose=False)
        reached[layer] = task.results["test"]["accuracy"].value
    assert reached["gru"] > 0.95
    assert reached["none"] < 0.8


@pytest.mark.parametrize("bidirectional", [False, True])
def test_rows_do_not_depend_on_their_neighbours_or_padding(bidirectional):
    task, batch = tagger(bidirectional=bidirectional, num_layers=2).eval(), tags_batch(5)
    together = task(batch.inputs, batch.lengths)
    for i, n in enumerate(batch.lengths.tolist()):
        close(together[i, :n], task(batch.inputs[i : i + 1, :n])[0])


def test_what_has_no_weight_has_no_gradient():
    task, batch = tagger(), tags_batch(4)
    logits = task(batch.inputs, batch.lengths)
    logits.retain_grad()
    (task.losses(logits, batch) * batch.weights).sum().backward()
    assert torch.equal(logits.grad.abs().amax(dim=-1) > 0, batch.weights > 0)


def test_every_parameter_gets_a_gradient():
    task, batch = tagger("lstm", num_layers=2, bidirectional=True), tags_batch(8)
    task.losses(task(batch.inputs, batch.lengths), batch).sum().backward()
    assert [name for name, p in task.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


def test_channels_are_tagged_too():
    task = SequenceTagger(spec(kind="tags", input="real", input_size=2, padding_id=None), embedding="none")
    assert task(torch.randn(4, 6, 2), torch.tensor([6, 2, 3, 1])).shape == (4, 6, 3)


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_an_answer_has_a_tag_and_its_probability_for_each_step_of_its_row(output):
    task, batch = tagger(output=output).eval(), tags_batch(4)
    logits = task(batch.inputs, batch.lengths)
    for row, (answer, n) in enumerate(zip(task.answers(logits, batch), batch.lengths.tolist(), strict=True)):
        one = batch.lengths[row : row + 1]
        if output == "crf":
            best, shares = task.crf.decode(logits[row : row + 1], one)[0], task.crf.marginals(logits[row, None], one)[0]
        else:
            best, shares = logits[row].argmax(-1), logits[row].softmax(-1)
        assert answer.tags == ["abc"[tag] for tag in best[:n].tolist()]
        assert answer.probabilities == pytest.approx(shares[:n].gather(1, best[:n, None]).flatten().tolist(), abs=1e-6)
        assert answer.spans == []


def test_the_loss_of_a_field_is_each_sentences_in_equal_parts():
    task, batch = tagger(output="crf"), tags_batch(4)
    logits = task(batch.inputs, batch.lengths)
    losses = task.losses(logits, batch)
    close((losses * batch.weights).sum(1)[:3], task.crf(logits, batch.targets, batch.lengths)[:3])
    inside = batch.weights[0] > 0
    assert losses[0, inside].unique().numel() == 1


def test_steps_of_weight_0_are_summed_over_by_a_field_and_measured_by_none():
    task, batch = tagger(output="crf").eval(), tags_batch(4, seed=3)
    row = int(batch.lengths[:3].argmax())
    one = slice(row, row + 1)
    batch.weights[row, 1] = 0
    logits = task(batch.inputs, batch.lengths)
    expected = (task.losses(logits, batch) * batch.weights).sum(1)
    p = 0
    for tag in range(3):
        batch.targets[row, 1] = tag
        p = p + torch.exp(-task.crf(logits[one], batch.targets[one], batch.lengths[one]))
        close((task.losses(logits, batch) * batch.weights).sum(1), expected)
    close(expected[one], -p.log())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"spec": spec()}, ValueError, "kind 'label', SequenceTagger takes 'tags'"),
        ({"spec": spec(kind="tags", output_size=2)}, ValueError, "3 labels and output_size 2"),
        ({"layer": "lstn"}, UnknownName, "did you mean lstm"),
        ({"output": "crff"}, UnknownName, "did you mean crf"),
        ({"illegal": "repar"}, UnknownName, "did you mean repair"),
        ({"characters": "cn"}, UnknownName, "did you mean cnn"),
        ({"characters": "cnn"}, ValueError, "'cnn' and the data come without"),
        ({"constrained": True}, ValueError, "for output='crf' and tags that mark spans"),
        ({"output": "crf", "constrained": True}, ValueError, "for output='crf' and tags that mark spans"),
        ({"intent_weight": 0.0}, ValueError, "intent_weight is 0.0; expected a number above 0"),
        ({"spec": spec(kind="tags", scheme="IOB2")}, ValueError, "'a' is no tag of IOB2"),
        ({"spec": spec(kind="tags", scheme="IOB3")}, UnknownName, "did you mean IOB"),
    ],
)
def test_what_cannot_be_is_refused_before_training(options, error, message):
    with pytest.raises(error, match=message):
        SequenceTagger(**{"spec": spec(kind="tags"), **options})


def test_a_target_out_of_range_is_named_with_the_range():
    task, batch = tagger(), tags_batch(4)
    batch.targets[0, 0] = 5
    with pytest.raises(ValueError, match="targets go from 0 to 5; expected 0 to 2"):
        task.losses(task(batch.inputs, batch.lengths), batch)


def test_it_is_registered_with_the_metrics_it_measures():
    entry = TASKS.entry("sequence_tagging")
    assert entry.target is SequenceTagger
    assert (entry.accepts, entry.metrics) == (SequenceTagger.accepts, SequenceTagger.metric_specs)


def test_under_autocast_what_a_field_adds_up_is_in_full_precision():
    batch = tags_batch(4)
    for output, dtype in (("softmax", torch.bfloat16), ("crf", torch.float32)):
        task = tagger(output=output)
        with torch.autocast("cpu", torch.bfloat16):
            scores = task(batch.inputs, batch.lengths)
            assert task.losses(scores, batch).dtype == torch.float32
        assert scores.dtype == dtype
