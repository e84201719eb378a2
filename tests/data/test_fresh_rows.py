"""Training rows without end: others in every pass, the same for a seed, after a resume and in any process."""

import pytest
import torch

from rnnzoo.data._batches import FILLER
from rnnzoo.data.adding import Adding
from rnnzoo.data.even_pairs import EvenPairs

KINDS = [Adding, EvenPairs]  # rows of one length, and of several


def tiny(kind, **changes):
    data = kind.tiny()
    for name, value in changes.items():
        setattr(data, name, value)
    return data


def of_pass(loader, number):
    loader.sampler.set_epoch(number)
    return list(loader)


def rows_of(batches):
    """Each row as a tuple of its inputs, without padding and fillers."""
    return sorted(
        tuple(row[:length].flatten().tolist())
        for batch in batches
        for row, length, weight in zip(batch.inputs, batch.lengths, batch.weights, strict=True)
        if weight
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_pass_has_other_rows_and_comes_again_with_its_number(kind):
    loader = tiny(kind).train_dataloader()
    first, second, again = (of_pass(loader, number) for number in (0, 1, 0))
    assert rows_of(first) == rows_of(again) != rows_of(second)
    assert len(rows_of(second)) == 64


def test_two_passes_share_no_row():
    loader = tiny(Adding).train_dataloader()
    assert not set(rows_of(of_pass(loader, 3))) & set(rows_of(of_pass(loader, 4)))


def test_rows_that_are_not_fresh_are_the_same_in_every_pass():
    loader = Adding(length=8, training=32, validation=4, test=4, fresh=False).train_dataloader()
    assert rows_of(of_pass(loader, 0)) == rows_of(of_pass(loader, 5))


def test_another_seed_draws_another_stream_and_the_evaluation_does_not_depend_on_the_pass():
    one, other = Adding(length=8, training=32, test=9), Adding(length=8, training=32, test=9, data_seed=1)
    assert rows_of(of_pass(one.train_dataloader(), 2)) != rows_of(of_pass(other.train_dataloader(), 2))
    loader = one.test_dataloader()
    assert rows_of(of_pass(loader, 0)) == rows_of(of_pass(loader, 6))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pass_that_was_interrupted_goes_on_with_the_rows_it_would_have_had(kind):
    whole = of_pass(tiny(kind).train_dataloader(), 3)
    loader = tiny(kind).train_dataloader()
    loader.load_state_dict({"epoch": 3, "taken": 2, "batches": len(whole)})
    rest = list(loader)
    assert len(rest) == len(whole) - 2
    for batch, expected in zip(rest, whole[2:], strict=True):
        assert torch.equal(batch.inputs, expected.inputs)
        assert torch.equal(batch.targets, expected.targets)


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_several_processes_share_the_rows_that_one_has(kind, world):
    alone = of_pass(tiny(kind).loader("train", batch_size=5, shuffle=True, parts=1), 2)
    shards = [
        of_pass(tiny(kind).loader("train", batch_size=5, shuffle=True, parts=1, num_replicas=world, rank=rank), 2)
        for rank in range(world)
    ]
    for step, batch in enumerate(alone):
        assert rows_of([batch]) == rows_of([shard[step] for shard in shards])


def test_a_worker_process_draws_the_pass_that_it_is_asked_for():
    with_worker, without = (tiny(Adding, num_workers=workers).train_dataloader() for workers in (1, 0))
    for number in (0, 2):
        assert rows_of(of_pass(with_worker, number)) == rows_of(of_pass(without, number))


def test_fillers_have_no_weight_and_rows_of_two_passes_are_refused():
    rows = tiny(Adding).splits["train"]
    batch = rows[[64 * 7 + 1, FILLER]]
    assert batch.weights.tolist() == [1, 0]
    assert torch.equal(batch.inputs[0], rows[[64 * 7 + 1]].inputs[0])
    with pytest.raises(ValueError, match=r"of the passes \[0, 1\]; expected rows of one"):
        rows[[63, 64]]
