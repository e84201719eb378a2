"""A gathered batch of pairs against one padded row by row."""

import pytest
import torch

from rnnzoo.data._batches import FILLER
from rnnzoo.data._pairs import PairSequences

SOURCES = [[5, 6, 7], [8], [9, 5]]
TARGETS = [[4], [6, 7, 8], []]
BEGIN, END, PAD, TARGET_PAD = 2, 3, 0, 1


def pairs(sources=SOURCES):
    flat = torch.tensor([step for row in sources for step in row])
    targets = torch.tensor([step for row in TARGETS for step in row])
    lengths = [len(row) for row in sources], [len(row) for row in TARGETS]
    return PairSequences(
        flat, lengths[0], targets, lengths[1], begin=BEGIN, end=END, padding_value=PAD, target_padding_value=TARGET_PAD
    )


def padded(rows, value):
    longest = max(len(row) for row in rows)
    return [row + [value] * (longest - len(row)) for row in rows]


@pytest.mark.parametrize("chosen", [[0, 1, 2], [2, 2, 0], [1], [2]])
def test_a_gathered_batch_is_the_pairs_framed_and_padded_one_by_one(chosen):
    batch = pairs()[chosen]
    assert batch.source.tolist() == padded([SOURCES[i] for i in chosen], PAD)
    assert batch.source_lengths.tolist() == [len(SOURCES[i]) for i in chosen]
    assert batch.inputs.tolist() == padded([[BEGIN, *TARGETS[i]] for i in chosen], TARGET_PAD)
    assert batch.targets.tolist() == padded([[*TARGETS[i], END] for i in chosen], TARGET_PAD)
    assert batch.weights.tolist() == padded([[1.0] * (len(TARGETS[i]) + 1) for i in chosen], 0.0)
    assert batch.lengths.tolist() == [len(TARGETS[i]) + 1 for i in chosen]
    assert batch.starts.all()


def test_a_filler_is_padding_of_weight_zero_and_leaves_the_others_alone():
    batch, alone = pairs()[[FILLER, 0]], pairs()[[0]]
    assert all(torch.equal(a[1:], b) for a, b in zip(batch, alone, strict=True))
    assert batch.source[0].eq(PAD).all()
    assert batch.inputs[0].eq(TARGET_PAD).all()
    assert batch.targets[0].eq(TARGET_PAD).all()
    assert batch.weights[0].eq(0).all()
    assert batch.lengths[0] == batch.source_lengths[0] == 1


def test_sources_may_be_numbers():
    values = [[[0.5, 1.0]], [[2.0, 3.0], [4.0, 5.0]], [[6.0, 7.0]]]
    source = pairs(values)[[1, 0]].source
    assert source.tolist() == [values[1], [*values[0], [0.0, 0.0]]]


def test_gathering_changes_no_pair():
    data = pairs()
    first = data[[0, 1, 2]]
    for member in data[[FILLER, 1]]:
        member.fill_(9) if member.dtype != torch.bool else None
    assert all(torch.equal(a, b) for a, b in zip(first, data[[0, 1, 2]], strict=True))


def test_bucketing_sorts_by_both_sides_together():
    assert pairs().lengths.tolist() == [len(s) + len(t) + 1 for s, t in zip(SOURCES, TARGETS, strict=True)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([5, 6], [1, 1], [4], [1]), "2 sources and 1 targets; expected as many"),
        (([5], [1, 0], [4], [1, 0]), "source 1 has 0 steps; expected at least 1"),
        (([5], [2], [4], [1]), "source lengths add up to 2, there are 1 steps"),
        (([5], [1], [4], [0]), "target lengths add up to 0, there are 1 steps"),
        (([], [], [], []), "no pair at all"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        PairSequences(*given, begin=BEGIN, end=END)
