"""What datasets of streams share: rows cut for the batch size asked for, loaders in the order of the text."""

from __future__ import annotations

import warnings
from typing import Any

from torch import Tensor

from rnnzoo.data._base import SPLITS, ResumableLoader, ZooData
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._processes import processes
from rnnzoo.data._streams import StreamSampler, StreamWindows


class StreamData(ZooData):
    """A training, a validation and a test stream of tokens, whose next token is to be told.

    A batch continues the one before it (``spec["streaming"]``), or the one K before where a step is taken in K parts;
    ``starts`` is True in the first window only. Nothing is shuffled.

    A concrete dataset's ``build_splits`` gives a tensor (N,) of tokens for each split.

    Args:
        batch_size: rows into which the training stream is cut, on each process (see ``take_steps_in``).
        window: T, steps of a batch: the gradient goes no further back.
        vary_window: windows of other lengths each epoch, T on average, see ``StreamWindows.draw_borders``.
        eval_streams: rows into which a validation or test stream is cut; ``None``: ``eval_batch_size``. Each begins
            without memory of what stands before it: fewer are nearer to reading the text from its beginning, and
            slower.
        eval_batch_size: how many of these are computed at once; ``None``: as ``batch_size``. Several processes each
            take other ones, so that the numbers are those of one process.
        eval_window: T of evaluation, which changes nothing but its speed and memory; ``None``: as ``window``.
        seed: of ``vary_window``.
        num_workers, pin_memory: as ``ZooData`` says.
    """

    _splits: dict[str, Tensor] | None  # type: ignore[assignment]

    def __init__(
        self,
        *,
        batch_size: int = 32,
        window: int = 64,
        vary_window: bool = False,
        eval_batch_size: int | None = None,
        eval_streams: int | None = None,
        eval_window: int | None = None,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=False,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        check_positive(window=window)
        check_positive_or_none(eval_streams=eval_streams, eval_window=eval_window)
        if vary_window and num_workers:
            raise ValueError(
                f"vary_window is True and num_workers is {num_workers}: other processes would not hear of an epoch's "
                "windows. Leave num_workers at 0; a batch is one gather."
            )
        self.window = window
        self.vary_window = vary_window
        self.eval_streams = eval_streams
        self.eval_window = eval_window

    def build_splits(self) -> dict[str, Tensor]:  # type: ignore[override]
        """The tokens (N,) of ``train``, ``validation`` and ``test``; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not build its splits.")

    def loader(
        self,
        split: str,
        *,
        batch_size: int,
        shuffle: bool = False,
        bucketing: bool = False,
        drop_last: bool = False,
        parts: int | None = None,
        whole: bool = False,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> ResumableLoader:
        """A loader over ``split`` for one process of ``num_replicas`` (by default those of ``torch.distributed``).

        ``parts`` and ``whole``: see ``StreamSampler``. Rows are of like length, so that ``bucketing`` has nothing to
        sort, and ``drop_last`` nothing to drop.

        Raises:
            ValueError: no such split, or it is to be shuffled, or shorter than the batch.
        """
        if split not in self.splits:
            raise ValueError(f"split is {split!r}; expected one of {', '.join(SPLITS)}.")
        if shuffle:
            raise ValueError("shuffle is True, and the batches of a stream continue one another; leave it at False.")
        warnings.filterwarnings("ignore", message=r"The '\w+_dataloader' does not have many workers")
        steps: dict[str, Any] = {"num_replicas": num_replicas, "rank": rank, "seed": self.seed}
        tokens: Tensor = self.splits[split]  # type: ignore[assignment]
        if whole:
            rows = self.eval_streams or batch_size
            windows = StreamWindows(tokens, rows, self.eval_window or self.window, f"the {split} split")
            sampler = StreamSampler(windows, batch_size=batch_size, whole=True, **steps)
        else:
            rows = batch_size * (1 if parts else processes(num_replicas))
            windows = StreamWindows(tokens, rows, self.window, f"the {split} split")
            sampler = StreamSampler(windows, parts=parts or 1, vary=self.vary_window, **steps)
        return ResumableLoader(
            windows,
            sampler=sampler,
            batch_size=None,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            pin_memory=self.pin_memory,
        )
