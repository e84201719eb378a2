"""Joined frames are the frames of the row, in order, with zeros behind its end."""

import pytest
import torch

from rnnzoo.modules.frame_stacking import FrameStacking


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 2), (3, 2), (4, 1), (5, 3), (7, 7)])
def test_each_step_holds_the_frames_from_its_place_on(size, stride):
    frames, lengths = torch.randn(3, 6, 2), torch.tensor([6, 5, 1])
    steps, counts = FrameStacking(size, stride)(frames, lengths)
    assert counts.tolist() == [-(-length // stride) for length in lengths.tolist()]
    assert steps.shape == (3, -(-6 // stride), 2 * size)
    for row, length in enumerate(lengths.tolist()):
        for s in range(int(counts[row])):
            for i in range(size):
                t = s * stride + i
                expected = frames[row, t] if t < length else torch.zeros(2)
                assert torch.equal(steps[row, s, 2 * i : 2 * i + 2], expected)


def test_without_lengths_all_frames_count():
    frames = torch.randn(2, 5, 3)
    steps, lengths = FrameStacking(2, 2)(frames)
    assert lengths is None
    assert torch.equal(steps, FrameStacking(2, 2)(frames, torch.tensor([5, 5]))[0])


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (2, 0), (2, 3)])
def test_no_frame_may_be_left_out(size, stride):
    with pytest.raises(ValueError, match="no frame is left out"):
        FrameStacking(size, stride)
