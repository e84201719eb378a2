"""What every dataset shares: splits that are built once, and loaders whose batches are the same for the same seed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader
from typing_extensions import Self

from rnnzoo.contracts import Spec
from rnnzoo.data._batches import Rows
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._sampler import BucketSampler
from rnnzoo.data._streams import StreamSampler

SPLITS = ("train", "validation", "test")


class ResumableLoader(DataLoader[Any]):
    """A loader that Lightning can put back to the batch where a checkpoint was written.

    The sampler is asked for its batches when the first one is taken, not before: by then the epoch is set.
    """

    sampler: BucketSampler | StreamSampler
    taken = 0  # batches handed out in this pass

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self.taken = self.sampler.start
        # A pass draws a random number, for its workers, when it begins. One that goes on drew it when it began.
        with torch.random.fork_rng(devices=[], enabled=self.taken > 0):
            batches = super().__iter__()
        for batch in batches:
            self.taken += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Where this pass stands: the epoch, and the number of batches taken of how many."""
        return {"epoch": self.sampler.epoch, "taken": self.taken, "batches": len(self)}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Begin the next pass behind the batches already taken (a finished pass begins afresh).

        Raises:
            ValueError: the pass was interrupted, and has another number of batches here.
        """
        batches = state.get("batches", len(self))
        finished = state["taken"] == batches
        if not finished and batches != len(self):
            raise ValueError(
                f"the checkpoint was written after {state['taken']} of an epoch's {batches} batches, and an epoch has "
                f"{len(self)} here; go on with the same data, batch_size, number of devices and accumulation."
            )
        self.sampler.set_epoch(state["epoch"])
        self.taken = self.sampler.start = 0 if finished else state["taken"]


class ZooData(LightningDataModule):
    """A dataset with a training, a validation and a test split of labelled sequences.

    A concrete dataset says what it is (``spec``, ``data_version``, ``codec_state``) and builds its splits
    (``build_splits``); everything else is here.

    Args:
        batch_size: rows of a training batch, on each process (see ``take_steps_in``).
        eval_batch_size: rows of a validation or test batch; ``None``: as ``batch_size``. With several processes each
            batch is measured by one of them, as it is, so that the numbers are those of one process.
        shuffle: another order of the training rows each epoch.
        bucketing: rows of like length share a batch.
        drop_last: leave out a last, smaller training batch.
        seed: of the shuffling (and of the splits where a dataset draws them).
        num_workers: processes that prepare batches. 0 is right for nearly everything here: a batch is a few vectorised
            gathers from arrays in memory, quicker than sending it from another process.
        pin_memory: page-locked batches, for copies to a GPU.
    """

    def __init__(
        self,
        *,
        batch_size: int = 64,
        eval_batch_size: int | None = None,
        shuffle: bool = True,
        bucketing: bool = False,
        drop_last: bool = False,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__()
        check_positive(batch_size=batch_size)
        check_positive_or_none(eval_batch_size=eval_batch_size)
        self.batch_size = batch_size
        self.eval_batch_size = batch_size if eval_batch_size is None else eval_batch_size
        self.shuffle = shuffle
        self.bucketing = bucketing
        self.drop_last = drop_last
        self.seed = seed
        self.num_workers = num_workers
        self.pin_memory = pin_memory
        self.parts: int | None = None
        self._splits: Mapping[str, Rows] | None = None

    def take_steps_in(self, parts: int) -> None:
        """From now on ``batch_size`` is that of a whole optimiser step, however many processes share it.

        Args:
            parts: batches that each process takes its share of a step in, as many as the Trainer accumulates.
        """
        self.parts = parts

    @property
    def spec(self) -> Spec:
        """What a model must know, in primitives; builds the cache where it depends on the data."""
        raise NotImplementedError(f"{type(self).__name__} does not say its spec.")

    @property
    def data_version(self) -> str:
        """Changes when the rows or their preprocessing do; results of different versions are not compared."""
        raise NotImplementedError(f"{type(self).__name__} does not say its data_version.")

    def codec_state(self) -> dict[str, Any] | None:
        """Primitives from which ``CODECS`` rebuilds what turns raw input into batches (key "codec": its name)."""
        raise NotImplementedError(f"{type(self).__name__} does not say its codec.")

    def build_splits(self) -> Mapping[str, Rows]:
        """The rows of ``train``, ``validation`` and ``test``; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not build its splits.")

    @classmethod
    def tiny(cls) -> Self:
        """A small instance that needs no file and no network."""
        raise NotImplementedError(f"{cls.__name__} has no tiny form.")

    @property
    def splits(self) -> Mapping[str, Rows]:
        """The three splits, built at the first use."""
        if self._splits is None:
            self._splits = self.build_splits()
        return self._splits

    def setup(self, stage: str | None = None) -> None:
        """Build the splits (Lightning calls this on every process)."""
        _ = self.splits

    def train_dataloader(self) -> ResumableLoader:
        """Training batches, shuffled if so asked."""
        return self.loader(
            "train",
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            bucketing=self.bucketing,
            drop_last=self.drop_last,
            parts=self.parts,
        )

    def val_dataloader(self) -> ResumableLoader:
        """Validation batches, the same on every pass, each row once."""
        return self.loader("validation", batch_size=self.eval_batch_size, bucketing=self.bucketing, whole=True)

    def test_dataloader(self) -> ResumableLoader:
        """Test batches, the same on every pass, each row once."""
        return self.loader("test", batch_size=self.eval_batch_size, bucketing=self.bucketing, whole=True)

    def predict_dataloader(self) -> ResumableLoader:
        """The test rows in the dataset's order."""
        return self.loader("test", batch_size=self.eval_batch_size, whole=True)

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

        ``parts`` and ``whole``: see ``BucketSampler``.
        """
        if split not in self.splits:
            raise ValueError(f"split is {split!r}; expected one of {', '.join(SPLITS)}.")
        # Lightning asks for worker processes wherever there are fewer than two; for these loaders they only cost time.
        warnings.filterwarnings("ignore", message=r"The '\w+_dataloader' does not have many workers")
        rows = self.splits[split]
        sampler = BucketSampler(
            rows,
            batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=self.seed,
            parts=parts,
            whole=whole,
            num_replicas=num_replicas,
            rank=rank,
        )
        return ResumableLoader(
            rows,
            sampler=sampler,
            batch_size=None,
            num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
            pin_memory=self.pin_memory,
        )
