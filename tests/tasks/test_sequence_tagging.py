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


def test_an_answer_has_a_tag_and_its_probability_for_each_step_of_its_row():
    task, batch = tagger().eval(), tags_batch(4)
    logits = task(batch.inputs, batch.lengths)
    for row, (answer, n) in enumerate(zip(task.answers(logits, batch), batch.lengths.tolist(), strict=True)):
        assert answer.tags == ["abc"[tag] for tag in logits[row, :n].argmax(-1).tolist()]
        assert answer.probabilities == pytest.approx(logits[row, :n].softmax(-1).amax(-1).tolist())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"spec": spec()}, ValueError, "kind 'label', SequenceTagger takes 'tags'"),
        ({"spec": spec(kind="tags", output_size=2)}, ValueError, "3 labels and output_size 2"),
        ({"layer": "lstn"}, UnknownName, "did you mean lstm"),
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
