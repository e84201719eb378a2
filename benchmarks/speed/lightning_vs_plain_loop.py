"""Training through Lightning against a plain PyTorch loop: the same model, optimiser and IMDB batches.

A 2 x 64 SRN on the last 80 words, 128 reviews a batch. The Lightning side has the callbacks that every run of a table
has (throughput, non-finite values); neither side validates or writes checkpoints.

A round is an epoch of both, which take turns batch by batch: an epoch lasts seconds, and a machine that is slower in
one of them than in the next would decide the ratio. Lightning's time is everything that is not the plain step: its
loop and hooks, and the Trainer's construction and set-up. Loading a batch counts for both.

Aim: a ratio of 1.05 or less.

Run: python benchmarks/speed/lightning_vs_plain_loop.py [--rounds N] [--batches N] [--dir FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import torch
from _interleaved import CLOCKS, RESULTS, conclude
from lightning.pytorch import Trainer
from torch.nn.functional import cross_entropy

from rnnzoo.callbacks import NonFinite, Throughput
from rnnzoo.contracts import SequenceBatch
from rnnzoo.data.imdb import Imdb
from rnnzoo.tasks.sequence_classification import SequenceClassifier

WORDS, ROWS, EMBEDDING, HIDDEN, LAYERS = 80, 128, 100, 64, 2


class Turns:
    """The batches of ``loader``, on each of which ``step`` is run and timed before it is handed on."""

    def __init__(
        self, loader: Iterable[SequenceBatch], step: Callable[[SequenceBatch], None], now: Callable[[], float]
    ) -> None:
        self.loader, self.step, self.now = loader, step, now
        self.loading = self.stepping = 0.0  # seconds

    def __iter__(self) -> Iterator[SequenceBatch]:
        start = self.now()
        for batch in self.loader:
            loaded = self.now()
            self.step(batch)
            done = self.now()
            self.loading += loaded - start
            self.stepping += done - loaded
            yield batch
            start = self.now()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=196, help="of each round; a whole epoch has 196")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--dir", help="the folder with the reviews; default: $RNNZOO_DATA, the cache, a download")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    data = Imdb(max_length=WORDS, keep="last", padding="pre", vocabulary_size=10_000, batch_size=ROWS, dir=options.dir)

    def model() -> SequenceClassifier:
        return SequenceClassifier(data.spec, "srn", hidden_size=HIDDEN, num_layers=LAYERS, embedding_size=EMBEDDING)

    plain_model, lightning_model = model(), model()
    optimizer = torch.optim.Adam(plain_model.parameters(), lr=1e-3, fused=True)

    def plain(batch: SequenceBatch) -> None:
        optimizer.zero_grad()
        cross_entropy(plain_model(batch.inputs, batch.lengths), batch.targets).backward()
        optimizer.step()

    now = CLOCKS[options.clock]
    seconds: dict[str, list[float]] = {"plain loop": [], "Lightning": []}
    for turn in range(options.rounds + 1):
        turns = Turns(islice(data.train_dataloader(), options.batches), plain, now)
        start = now()
        trainer = Trainer(
            accelerator="auto",
            devices=1,
            max_epochs=1,
            callbacks=[Throughput(), NonFinite(every_n_steps=10)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(lightning_model, turns)
        if turn:  # the first epoch warms up
            seconds["Lightning"].append(now() - start - turns.stepping)
            seconds["plain loop"].append(turns.loading + turns.stepping)
    conclude(
        "lightning_vs_plain_loop",
        seconds,
        baseline="plain loop",
        settings={"B": ROWS, "T": WORDS, "E": EMBEDDING, "H": HIDDEN, "layers": LAYERS, "batches": options.batches},
        out=RESULTS if options.write else None,
        clock=options.clock,
    )


if __name__ == "__main__":
    main()
