"""Laws of sharing rows out: nothing lost, nothing repeated, equal counts, the same for the same seed."""

import itertools

import pytest
import torch

from rnnzoo.data._batches import FILLER, FlatSequences
from rnnzoo.data._sampler import BucketSampler


def dataset(rows, seed=0):
    lengths = torch.randint(1, 60, (rows,), generator=torch.Generator().manual_seed(seed))
    return FlatSequences(torch.zeros(int(lengths.sum()), dtype=torch.int64), lengths, torch.zeros(rows))


def shards(data, world, epoch=0, **settings):
    samplers = [BucketSampler(data, num_replicas=world, rank=rank, **settings) for rank in range(world)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    batches = [list(sampler) for sampler in samplers]
    assert all(len(part) == len(sampler) for part, sampler in zip(batches, samplers, strict=True))
    return batches


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize(("shuffle", "bucketing"), list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("rows", [1, 7, 8, 97])
def test_every_row_is_dealt_exactly_once_and_all_processes_get_equal_batches(world, shuffle, bucketing, rows):
    parts = shards(dataset(rows), world, batch_size=4, shuffle=shuffle, bucketing=bucketing)
    dealt = [row for part in parts for batch in part for row in batch if row != FILLER]
    assert sorted(dealt) == list(range(rows))
    assert len({tuple(len(batch) for batch in part) for part in parts}) == 1
    fillers = sum(row == FILLER for part in parts for batch in part for row in batch)
    assert fillers < world


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("bucketing", [False, True])
def test_dropping_the_last_step_leaves_only_full_batches_without_fillers(world, bucketing):
    parts = shards(dataset(50), world, batch_size=4, bucketing=bucketing, drop_last=True)
    flat = [row for part in parts for batch in part for row in batch]
    assert all(len(batch) == 4 for part in parts for batch in part)
    assert len(set(flat)) == len(flat) == 50 // (4 * world) * 4 * world
    assert FILLER not in flat


@pytest.mark.parametrize("bucketing", [False, True])
def test_a_step_has_the_same_rows_however_it_is_split_over_processes(bucketing):
    data = dataset(90)
    one = shards(data, 1, batch_size=12, bucketing=bucketing)
    three = shards(data, 3, batch_size=4, bucketing=bucketing)
    for step, whole in enumerate(one[0]):
        assert sorted(whole) == sorted(row for part in three for row in part[step] if row != FILLER)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("bucketing", [False, True])
@pytest.mark.parametrize(("world", "parts"), [(1, 4), (2, 1), (3, 1), (2, 3)])
def test_a_step_dealt_in_parts_has_the_rows_of_the_step_of_one_process(world, parts, bucketing, drop_last):
    data = dataset(90)  # a batch of 16 divides by none of these hands but 4 and 2, nor 90 by 16
    how = {"batch_size": 16, "bucketing": bucketing, "drop_last": drop_last}
    (whole,), dealt = shards(data, 1, **how), shards(data, world, parts=parts, **how)
    assert [len(part) for part in dealt] == [len(whole) * parts] * world
    for step, rows in enumerate(whole):
        hands = [hand for part in dealt for hand in part[step * parts : (step + 1) * parts]]
        assert len({len(hand) for hand in hands}) == 1
        assert sorted(row for hand in hands for row in hand if row != FILLER) == sorted(rows)


@pytest.mark.parametrize("bucketing", [False, True])
@pytest.mark.parametrize("rows", [1, 16, 90, 96])
def test_whole_batches_are_those_of_one_process_each_at_one_of_three(rows, bucketing):
    data, how = dataset(rows), {"batch_size": 16, "shuffle": False, "bucketing": bucketing}
    (alone,), three = shards(data, 1, **how), shards(data, 3, whole=True, **how)
    assert len({len(part) for part in three}) == 1
    in_turn = [batch for batches in zip(*three, strict=True) for batch in batches]
    assert [batch for batch in in_turn if batch != [FILLER]] == alone


def test_epochs_differ_and_come_again_with_the_same_seed():
    data = dataset(60)
    first, second = (shards(data, 1, epoch=epoch, batch_size=4) for epoch in (0, 1))
    assert first != second
    assert first == shards(data, 1, epoch=0, batch_size=4)
    assert first != shards(data, 1, epoch=0, batch_size=4, seed=1)


def test_unshuffled_and_unbucketed_is_the_order_of_the_rows_whatever_the_epoch():
    assert shards(dataset(10), 1, epoch=3, batch_size=4, shuffle=False, bucketing=False) == [
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    ]


@pytest.mark.parametrize("shuffle", [False, True])
def test_bucketed_batches_carry_less_padding_than_half_of_that_of_unbucketed_ones(shuffle):
    data = dataset(2000)

    def padding(bucketing):
        (batches,) = shards(data, 1, batch_size=16, shuffle=shuffle, bucketing=bucketing)
        return sum(int(data.lengths[b].max()) * len(b) - int(data.lengths[b].sum()) for b in batches)

    assert padding(True) < 0.5 * padding(False)


def test_bucketed_neighbours_change_from_epoch_to_epoch():
    data = dataset(400)
    first, second = ({frozenset(batch) for batch in shards(data, 1, epoch=epoch, batch_size=4)[0]} for epoch in (0, 1))
    assert len(first & second) < 0.2 * len(first)


def test_a_pass_begins_where_it_is_told_once():
    sampler = BucketSampler(dataset(20), 4)
    whole = list(sampler)
    sampler.start = 3
    assert list(sampler) == whole[3:]
    assert list(sampler) == whole


def test_a_pass_may_begin_within_a_step():
    sampler = BucketSampler(dataset(20), 8, parts=3)
    whole = list(sampler)
    sampler.start = 4
    assert list(sampler) == whole[4:]


def test_what_leaves_no_batch_is_refused():
    with pytest.raises(ValueError, match="drop_last leaves no batch"):
        BucketSampler(dataset(3), 4, drop_last=True)
    with pytest.raises(ValueError, match="batch_size is 0"):
        BucketSampler(dataset(3), 0)
    with pytest.raises(ValueError, match="parts is 0"):
        BucketSampler(dataset(3), 2, parts=0)
    with pytest.raises(ValueError, match="not both"):
        BucketSampler(dataset(3), 2, parts=1, whole=True)
