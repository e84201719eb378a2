"""Training through Lightning against a plain PyTorch loop: the same model, optimiser and IMDB batches.

A 2 x 64 SRN on the last 80 words, 128 reviews a batch. The Lightning side has the callbacks that every run of a table
has (throughput, non-finite values); neither side validates or writes checkpoints.

Aim: a ratio of 1.05 or less.

Run: python benchmarks/speed/lightning_vs_plain_loop.py [--rounds N] [--batches N] [--dir FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import logging
import warnings
from itertools import islice

import torch
from _interleaved import CLOCKS, RESULTS, compare
from lightning.pytorch import Trainer
from torch.nn.functional import cross_entropy

from rnnzoo.callbacks import NonFinite, Throughput
from rnnzoo.data.imdb import Imdb
from rnnzoo.tasks.sequence_classification import SequenceClassifier

WORDS, ROWS, EMBEDDING, HIDDEN, LAYERS = 80, 128, 100, 64, 2


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

    def plain() -> None:
        for batch in islice(data.train_dataloader(), options.batches):
            optimizer.zero_grad()
            cross_entropy(plain_model(batch.inputs, batch.lengths), batch.targets).backward()
            optimizer.step()

    def lightning() -> None:
        trainer = Trainer(
            accelerator="auto",
            devices=1,
            max_epochs=1,
            limit_train_batches=options.batches,
            limit_val_batches=0,
            callbacks=[Throughput(), NonFinite(every_n_steps=10)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(lightning_model, datamodule=data)

    compare(
        "lightning_vs_plain_loop",
        {"plain loop": plain, "Lightning": lightning},
        baseline="plain loop",
        rounds=options.rounds,
        settings={"B": ROWS, "T": WORDS, "E": EMBEDDING, "H": HIDDEN, "layers": LAYERS, "batches": options.batches},
        out=RESULTS if options.write else None,
        warmup=1,
        clock=options.clock,
    )


if __name__ == "__main__":
    main()
