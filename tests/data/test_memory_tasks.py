"""Adding, copying, induction, even pairs and cycles: answers by other means, closed-form baselines, refusals."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from rnnzoo.data.adding import Adding
from rnnzoo.data.copy_memory import CopyMemory
from rnnzoo.data.cycle_navigation import CycleNavigation
from rnnzoo.data.even_pairs import EvenPairs
from rnnzoo.data.induction import Induction
from rnnzoo.registry import CODECS, UnknownName


def drawn(data, split="test"):
    """All rows of a split as one batch."""
    rows = data.splits[split]
    return rows[range(len(rows))]


def words(data, split="test"):
    """Each row as a string of its symbols, with its label's name."""
    batch, labels = drawn(data, split), data.spec["labels"]
    for row, length, target in zip(batch.inputs, batch.lengths, batch.targets.tolist(), strict=True):
        yield "".join(data.codec.decode(row[:length].tolist())), labels[target]


@pytest.mark.parametrize("length", [2, 3, 50])
def test_adding_marks_a_place_in_each_half_and_asks_for_their_sum(length):
    batch = drawn(Adding(length=length, training=1, test=500))
    numbers, marks = batch.inputs.unbind(-1)  # (R, T)
    assert 0 <= numbers.min() < numbers.max() < 1
    assert set(marks.unique().tolist()) == ({0, 1} if length > 2 else {1})
    assert marks[:, : length // 2].sum(1).eq(1).all()
    assert marks[:, length // 2 :].sum(1).eq(1).all()
    for row, target in zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True):
        assert target == [pytest.approx(sum(number for number, mark in row if mark), abs=1e-6)]


def test_who_always_answers_one_has_the_variance_of_two_uniform_numbers():
    errors = drawn(Adding(length=4, training=1, test=100_000)).targets.double().sub(1).square()
    assert abs(errors.mean() - 1 / 6) < 4 * errors.std() / math.sqrt(100_000)


def test_every_place_of_a_half_is_marked_about_as_often():
    marks = drawn(Adding(length=20, training=1, test=20_000)).inputs[..., 1].sum(0).numpy()
    assert ((marks - 2000) ** 2 / 2000).sum() < 42.3  # 18 degrees of freedom, p = 0.001


def test_copying_is_of_the_papers_form():
    for text, targets, weights in zip(
        *(drawn(CopyMemory(blanks=30, training=1, test=50))._asdict()[key] for key in ("inputs", "targets", "weights")),
        strict=True,
    ):
        symbols = "".join("abcdefgh.?"[token] for token in text)
        assert len(symbols) == 30 + 20
        assert set(symbols[:10]) <= set("abcdefgh")
        assert symbols[10:] == "." * 29 + "?" + "." * 10
        assert "".join("abcdefgh."[target] for target in targets) == "." * 40 + symbols[:10]
        assert weights.eq(1).all()


def test_the_memoryless_answer_to_copying_costs_ten_log_eight_over_all_steps():
    """Blanks, then each letter with the same probability: the same for any row, exactly."""
    data = CopyMemory(blanks=100, training=1, test=20)
    batch = drawn(data)
    scores = torch.full((20, 120, 9), -1e9)
    scores[:, :110, 8] = 0
    scores[:, 110:, :8] = 0
    losses = cross_entropy(scores.flatten(0, 1), batch.targets.flatten(), reduction="none")
    loss = (losses * batch.weights.flatten()).sum() / batch.weights.sum()
    assert float(loss) == pytest.approx(10 * math.log(8) / (100 + 20), rel=1e-6)


def test_of_copying_the_symbols_alone_may_count():
    weights = drawn(CopyMemory(blanks=5, counted="symbols", training=1, test=3)).weights
    assert weights.tolist() == [[0] * 15 + [1] * 10] * 3


def test_induction_asks_for_what_stood_behind_the_mark():
    data = Induction(length=12, symbols=4, training=1, test=300)
    places = set()
    for word, label in words(data):
        assert len(word) == 12
        assert word.count("?") == 2
        assert word.endswith("?")
        assert word[word.index("?") + 1] == label != "?"
        places.add(word.index("?"))
    assert places == set(range(10))


def test_induction_may_be_tested_at_another_length():
    data = Induction(length=12, test_length=40, training=5, validation=5, test=5)
    assert [{len(word) for word, _ in words(data, split)} for split in ("validation", "test")] == [{12}, {40}]


def test_even_pairs_are_counted():
    for split in ("train", "test"):
        for word, label in words(EvenPairs(longest=9, test_longest=20, training=200, test=200, fresh=False), split):
            assert label == ("even", "odd")[sum(a != b for a, b in itertools.pairwise(word)) % 2]


@pytest.mark.parametrize("places", [2, 5])
def test_cycle_navigation_walks_the_cycle(places):
    for word, label in words(CycleNavigation(places=places, longest=9, test_longest=20, training=1, test=300)):
        at = 0
        for move in word:
            at = {"-": at - 1, "=": at, "+": at + 1}[move] % places
        assert label == str(at)


@pytest.mark.parametrize("kind", [EvenPairs, CycleNavigation])
def test_words_to_test_are_longer_than_every_word_to_train_on(kind):
    data = kind(longest=7, test_longest=11, training=500, validation=500, test=500)
    lengths = {split: {len(word) for word, _ in words(data, split)} for split in data.splits}
    assert lengths == {"train": set(range(1, 8)), "validation": set(range(1, 8)), "test": {8, 9, 10, 11}}


@pytest.mark.parametrize("kind", [EvenPairs, CycleNavigation, Induction])
def test_every_label_is_about_as_frequent(kind):
    data = kind(training=1, test=3000)
    counts = np.bincount(drawn(data).targets.numpy(), minlength=len(data.labels))
    expected = 3000 / len(data.labels)
    assert ((counts - expected) ** 2 / expected).sum() < {2: 10.8, 5: 18.5, 15: 36.1}[len(counts)]  # p = 0.001


@pytest.mark.parametrize(
    ("kind", "item", "inputs"),
    [
        (Adding, [[0.25, 1], [0.5, 0]], [[[0.25, 1], [0.5, 0]]]),
        (CopyMemory, "ab.?.", [[0, 1, 8, 9, 8]]),
        (Induction, "ab?c?", [[0, 1, 15, 2, 15]]),
        (EvenPairs, "abba", [[0, 1, 1, 0]]),
        (CycleNavigation, "+=-", [[2, 1, 0]]),
    ],
)
def test_raw_input_is_read_as_the_rows_are(kind, item, inputs):
    state = kind.tiny().codec_state() if kind is not Induction else kind().codec_state()
    assert CODECS.create(state.pop("codec"), **state).encode([item]).inputs.tolist() == inputs


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Adding, {"length": 1}, "length is 1; expected at least 2"),
        (Adding, {"test": 0}, "test is 0; expected at least 1"),
        (CopyMemory, {"blanks": 0}, "blanks is 0; expected at least 1"),
        (Induction, {"length": 2}, "length is 2; expected at least 3"),
        (Induction, {"test_length": 2}, "test_length is 2; expected at least 3"),
        (Induction, {"symbols": 27}, "symbols is 27; expected 2 to 26"),
        (EvenPairs, {"longest": 0}, "longest is 0; expected at least 1"),
        (EvenPairs, {"longest": 9, "test_longest": 9}, "longest is 9 and test_longest 9; expected it to be longer"),
        (CycleNavigation, {"places": 1}, "places is 1; expected a cycle of at least 2"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_other_steps_to_be_counted_are_refused():
    with pytest.raises(UnknownName, match="unknown counted 'evry'; did you mean every"):
        CopyMemory(counted="evry")
