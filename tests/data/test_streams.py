"""A stream cut into rows and windows: every step once, in the order of the text, however the work is shared."""

import pytest
import torch

from rnnzoo.data._batches import FILLER
from rnnzoo.data._streams import StreamSampler, StreamWindows
from rnnzoo.data.plain_text import PlainText


def steps_of(windows, batches):
    """(input, target) of every weighted step, in the order of the batches."""
    found = []
    for batch in batches:
        real = batch.weights > 0
        found += list(zip(batch.inputs[real].tolist(), batch.targets[real].tolist(), strict=True))
    return found


@pytest.mark.parametrize(("total", "rows", "steps"), [(24, 4, 3), (25, 4, 3), (27, 4, 3), (8, 7, 5), (30, 1, 7)])
def test_every_step_is_in_a_pass_once_and_rows_are_contiguous(total, rows, steps):
    windows = StreamWindows(torch.arange(total), rows, steps)
    batches = [windows[list(range(w * rows, (w + 1) * rows))] for w in range(windows.windows)]
    assert sorted(steps_of(windows, batches)) == [(i, i + 1) for i in range(total - 1)]
    rows_read = [torch.cat([b.inputs[r][b.weights[r] > 0] for b in batches]) for r in range(rows)]
    assert all(torch.equal(row, torch.arange(int(row[0]), int(row[0]) + len(row))) for row in rows_read)
    assert torch.equal(torch.cat(rows_read), torch.arange(total - 1))
    assert [bool(batch.starts.all()) for batch in batches] == [True] + [False] * (len(batches) - 1)
    assert not torch.stack([batch.starts for batch in batches[1:]]).any() if len(batches) > 1 else True
    assert all(batch.inputs.shape[1] == steps for batch in batches[:-1])


@pytest.mark.parametrize(("world", "parts"), [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_a_batch_continues_the_one_so_many_parts_before_it(world, parts):
    windows = StreamWindows(torch.arange(41), 5, 3)
    for rank in range(world):
        sampler = StreamSampler(windows, parts=parts, num_replicas=world, rank=rank)
        batches = list(sampler)
        assert len(batches) == len(sampler) == windows.windows * parts
        for before, after in zip(batches, batches[parts:], strict=False):
            assert [b if b == FILLER else b + 5 for b in before] == after


def test_whole_groups_are_read_to_their_end_by_one_process():
    windows = StreamWindows(torch.arange(41), 5, 3)
    alone = list(StreamSampler(windows, batch_size=2, whole=True, num_replicas=1, rank=0))
    assert alone[: windows.windows] == [[w * 5, w * 5 + 1] for w in range(windows.windows)]
    shared = [list(StreamSampler(windows, batch_size=2, whole=True, num_replicas=2, rank=rank)) for rank in (0, 1)]
    assert len(shared[0]) == len(shared[1])
    assert sorted(b for part in shared for b in part if b != [FILLER]) == sorted(alone)


def test_windows_of_varied_length_cover_the_stream_and_are_as_many_each_epoch():
    windows = StreamWindows(torch.arange(2001), 2, 20)
    sampler = StreamSampler(windows, vary=True, seed=1, num_replicas=1, rank=0)
    seen = []
    for epoch in (0, 1, 0):
        sampler.set_epoch(epoch)
        batches = [windows[pieces] for pieces in sampler]
        assert sorted(steps_of(windows, batches)) == [(i, i + 1) for i in range(2000)]
        assert len(batches) == len(sampler) == 50
        seen.append([batch.inputs.shape[1] for batch in batches])
    assert seen[0] == seen[2] != seen[1]
    assert min(seen[0]) < 15 < 20 < max(seen[0])


def test_a_stream_shorter_than_the_batch_is_refused_with_both_numbers():
    data = PlainText.tiny()
    data.batch_size = 500
    with pytest.raises(ValueError, match=r"the train split has .* tokens .* 500 rows.*smaller batch_size"):
        data.train_dataloader()


def test_shuffling_a_stream_is_refused():
    with pytest.raises(ValueError, match="continue one another"):
        PlainText.tiny().loader("train", batch_size=2, shuffle=True)


def test_an_interrupted_pass_goes_on_with_the_batch_that_was_next():
    whole = list(PlainText.tiny().train_dataloader())
    loader = PlainText.tiny().train_dataloader()
    batches = iter(loader)
    for _ in range(3):
        next(batches)
    again = PlainText.tiny().train_dataloader()
    again.load_state_dict(loader.state_dict())
    rest = list(again)
    assert len(rest) == len(whole) - 3
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(rest, whole[3:], strict=True))
