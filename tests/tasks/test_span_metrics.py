"""Spans are counted as conlleval counts them (seqeval is the oracle), and illegal tags are dealt with as was chosen."""

import itertools
import warnings

import pytest
import torch
from seqeval.metrics import f1_score, precision_score, recall_score
from training import loader, quiet_trainer, spec

from rnnzoo.contracts import SequenceBatch
from rnnzoo.tag_schemes import PREFIXES, all_tags, convert, illegal_steps
from rnnzoo.tasks._tags import TagDecoder, likeliest_legal
from rnnzoo.tasks.sequence_tagging import SequenceTagger

ORACLES = {"f1": f1_score, "precision": precision_score, "recall": recall_score}


class Fixed(SequenceTagger):
    """Its input tokens are its answers."""

    def forward(self, inputs, lengths=None):
        return 9 * torch.nn.functional.one_hot(inputs, len(self.labels)).float() + 0 * self.head.bias


def fixed(scheme, types=("X", "Y"), **options):
    labels = all_tags(list(types), scheme)
    sizes = {"input_size": len(labels), "output_size": len(labels), "padding_id": None}
    return Fixed(spec(kind="tags", scheme=scheme, labels=labels, **sizes), "none", embedding_size=4, **options)


def drawn(task, rows, steps, seed):
    """Random tags, legal or not, for answers and targets; every sixth step and the last row have no weight."""
    generator = torch.Generator().manual_seed(seed)
    answers, targets = torch.randint(len(task.labels), (2, rows, steps), generator=generator)
    targets = torch.where(torch.rand(rows, steps, generator=generator) < 0.6, answers, targets)
    lengths = torch.randint(1, steps + 1, (rows,), generator=generator)
    weights = (torch.arange(steps) < lengths[:, None]).float()
    weights[:, ::6] = 0
    weights[-1] = 0
    return SequenceBatch(answers, lengths, targets, weights, torch.ones(rows, dtype=torch.bool))


def written(task, ids, weights):
    """Tags as seqeval knows them: within a span it says I."""
    rows = zip(ids.tolist(), weights.tolist(), strict=True)
    return [[task.labels[i].replace("M-", "I-") for i, w in zip(*row, strict=True) if w] for row in rows]


@pytest.mark.parametrize("scheme", PREFIXES)
@pytest.mark.parametrize("illegal", ["repair", "keep"])
def test_scores_over_batches_are_seqevals_over_all_sentences(scheme, illegal, tmp_path):
    task = fixed(scheme, illegal=illegal)
    batches = [drawn(task, rows, steps, seed) for seed, (rows, steps) in enumerate([(40, 9), (7, 30), (20, 1)])]
    quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    answers, targets = (
        list(itertools.chain.from_iterable(written(task, batch[member], batch.weights) for batch in batches))
        for member in (0, 2)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that E and S are no tags of IOB2
        for name, oracle in ORACLES.items():
            value, _ = task.results["test"][name]
            if illegal == "keep":
                assert value == pytest.approx(oracle(targets, answers), abs=1e-6), name
    assert task.results["test"]["f1"].n == sum(
        task.decoder.count(batch.targets, batch.targets, batch.weights)[2] for batch in batches
    )


@pytest.mark.parametrize("scheme", PREFIXES)
def test_repairing_keeps_every_span_of_the_answers(scheme):
    kept, repaired = fixed(scheme, illegal="keep"), fixed(scheme, illegal="repair")
    batch = drawn(kept, 50, 8, 0)
    batch = batch._replace(weights=(torch.arange(8) < batch.lengths[:, None]).float())
    outputs = kept(batch.inputs)
    measured = [task.measures(outputs, batch) for task in (kept, repaired)]
    assert measured[0]["f1"] == measured[1]["f1"]
    for answer, raw in zip(repaired.answers(outputs, batch), kept.answers(outputs, batch), strict=True):
        assert not illegal_steps(answer.tags, scheme)
        assert answer.tags == convert(raw.tags, scheme, scheme)
        assert answer.spans == raw.spans
        assert answer.illegal == raw.illegal == len(illegal_steps(raw.tags, scheme))


@pytest.mark.parametrize("scheme", PREFIXES)
def test_the_likeliest_legal_tags_are_those_of_all_legal_ones(scheme):
    task = fixed(scheme, types=["X"], illegal="refuse")
    V = len(task.labels)
    scores, lengths = torch.randn(6, 4, V), torch.tensor([4, 4, 4, 3, 2, 1])
    found = likeliest_legal(scores, lengths, task.decoder.allowed)
    for row, n in enumerate(lengths.tolist()):
        every = itertools.product(range(V), repeat=n)
        legal = [tags for tags in every if not illegal_steps([task.labels[tag] for tag in tags], scheme)]
        best = max(legal, key=lambda tags: float(sum(scores[row, t, tag] for t, tag in enumerate(tags))))
        assert tuple(found[row, :n].tolist()) == best


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_refused_tags_are_never_answered_and_are_counted(output):
    task = fixed("IOB2", illegal="refuse", output=output)
    batch = drawn(task, 50, 8, 1)
    answers = task.answers(task(batch.inputs), batch)
    assert all(not illegal_steps(answer.tags, "IOB2") for answer in answers)
    _, illegal = task._decode(task(batch.inputs), batch)
    assert sum(answer.illegal for answer in answers) == int(illegal.sum()) > 0
    measured = task.measures(task(batch.inputs), batch)
    assert measured["illegal"].equal(illegal)


def test_a_constrained_field_needs_no_repair():
    task = fixed("IOB2", output="crf", constrained=True)
    batch = drawn(task, 50, 8, 1)
    answers = task.answers(task(batch.inputs), batch)
    assert all(not illegal_steps(answer.tags, "IOB2") and not answer.illegal for answer in answers)


def test_a_repaired_tag_may_be_none_of_the_labels():
    decoder = TagDecoder(["O", "I-X"], "IOB2", "repair")
    tags, illegal = decoder.choose(torch.tensor([[0, 1, 1]]), torch.tensor([3]), lambda *_: None)
    assert decoder.read(tags[0].tolist()) == ["O", "B-X", "I-X"]
    assert illegal.tolist() == [[False, True, False]]
    with pytest.raises(ValueError, match="no sequence of 1 of the 1 tags is allowed"):
        TagDecoder(["B-X"], "BIOES", "refuse")


def test_without_any_span_the_scores_are_0(tmp_path):
    task = fixed("IOB2")
    batch = drawn(task, 4, 5, 0)
    batch = batch._replace(inputs=0 * batch.inputs, targets=0 * batch.targets)
    quiet_trainer(tmp_path).test(task, loader([batch]), verbose=False)
    assert [task.results["test"][name] for name in ORACLES] == [(0.0, 0)] * 3
    assert task.results["test"]["accuracy"].value == 1.0
