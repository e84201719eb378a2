"""IMDB batches: preparing them against training on them (a 2 x 64 SRN, the last 80 words, 128 reviews a batch).

Aim: prepared at 20 times the speed they are consumed at or more, that is, a ratio of 0.05 or less.

Run: python benchmarks/speed/imdb_batches.py [--rounds N] [--dir FOLDER] [--write]
"""

from __future__ import annotations

import argparse
from itertools import islice

import torch
from _interleaved import CLOCKS, RESULTS, compare
from torch import nn
from torch.nn.functional import cross_entropy

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data.imdb import Imdb

WORDS, ROWS, HIDDEN, LAYERS, BATCHES = 80, 128, 64, 2, 30


class Classifier(nn.Module):
    """Embedding, torch's own SRN, the last output of each row, logits."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, HIDDEN, padding_idx=0)
        self.srn = nn.RNN(HIDDEN, HIDDEN, LAYERS, batch_first=True)
        self.head = nn.Linear(HIDDEN, 2)

    def forward(self, batch: SequenceBatch) -> torch.Tensor:
        """Logits (B, 2)."""
        outputs, _ = self.srn(self.embedding(batch.inputs))  # (B, T, H)
        return self.head(outputs[torch.arange(len(outputs)), batch.lengths - 1])  # (B, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--dir", help="the folder with the reviews; default: $RNNZOO_DATA, the cache, a download")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    data = Imdb(max_length=WORDS, keep="last", batch_size=ROWS, dir=options.dir)
    model = Classifier(data.spec["input_size"])
    optimizer = torch.optim.Adam(model.parameters())
    batches = list(islice(data.train_dataloader(), BATCHES))

    def prepare() -> None:
        for _ in islice(data.train_dataloader(), BATCHES):
            pass

    def train() -> None:
        for batch in batches:
            optimizer.zero_grad()
            cross_entropy(model(batch), batch.targets).backward()
            optimizer.step()

    compare(
        "imdb_batches",
        {"prepare": prepare, "train": train},
        baseline="train",
        rounds=options.rounds,
        settings={"B": ROWS, "T": WORDS, "H": HIDDEN, "layers": LAYERS, "batches": BATCHES},
        out=RESULTS if options.write else None,
        clock=options.clock,
    )


if __name__ == "__main__":
    main()
