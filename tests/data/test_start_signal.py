"""The start signal against its recipe, written down a second time, draw by draw."""

import pytest
import torch

from rnnzoo.data.start_signal import StartSignal
from rnnzoo.registry import CODECS


def by_the_book(rows, shortest, longest, seed):
    """Word numbers of the book: 1 to 3 positive, 4 to 6 negative, 7 to 24 neutral; one draw at a time."""
    random = torch.Generator().manual_seed(seed)

    def draw(low, high):
        return int(torch.randint(low, high, (1,), generator=random))

    found = []
    for _ in range(rows):
        length, label = draw(shortest, longest + 1), draw(0, 2)
        words = [7 + draw(0, 18) for _ in range(length)]
        for place in range(3):
            words[place] = (1 if label else 4) + draw(0, 3)
        found.append((words, label))
    return found


def rows_of(data, split):
    batch = data.splits[split][range(len(data.splits[split]))]
    rows = zip(batch.inputs.tolist(), batch.lengths.tolist(), batch.targets.tolist(), strict=True)
    return [([token - 1 for token in tokens[:length]], label) for tokens, length, label in rows]  # [UNK] is our 1


def test_training_and_validation_rows_are_the_books_word_for_word_and_test_rows_continue():
    data = StartSignal()
    for split, rows, seed in (("train", 2000, 0), ("validation", 500, 1), ("test", 500, 2)):
        assert rows_of(data, split) == by_the_book(rows, 35, 45, seed)


def test_lengths_reach_from_the_shortest_to_the_longest_and_labels_are_balanced():
    data = StartSignal(length=20, spread=3)
    lengths = data.splits["train"].lengths
    assert sorted(set(lengths.tolist())) == list(range(17, 24))
    deviation = (2000 * 0.25) ** 0.5
    assert abs(int(data.splits["train"].targets.sum()) - 1000) < 4 * deviation


def test_behind_the_telling_words_nothing_tells():
    for split in StartSignal().splits.values():
        for row in range(50):
            tokens = split[[row]].inputs[0]
            positive, negative = (tokens >= 2) & (tokens < 5), (tokens >= 5) & (tokens < 8)
            told = positive if split.targets[row] else negative
            assert told.nonzero().flatten().tolist() == [0, 1, 2]
            assert int((positive | negative).sum()) == 3


def test_another_data_seed_draws_other_rows_in_every_split():
    drawn = [rows_of(StartSignal(data_seed=seed), split) for seed in (0, 1) for split in ("validation", "test")]
    assert all(a != b for i, a in enumerate(drawn) for b in drawn[:i])


def test_sequences_can_be_written_as_words():
    data = StartSignal()
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    assert codec.encode(["good love hate word1 word18"]).inputs.tolist() == [[2, 4, 7, 8, 25]]
    assert len(codec.vocabulary) == data.spec["input_size"]


@pytest.mark.parametrize("options", [{"length": 8, "spread": 5}, {"spread": -1}, {"test": 0}])
def test_sequences_that_cannot_be_are_refused(options):
    with pytest.raises(ValueError, match="expected"):
        StartSignal(**options)
