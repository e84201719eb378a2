"""Training a language model through rnnzoo and Lightning against a plain PyTorch loop over the same text.

The plain side is what pytorch/examples' word_language_model does: ``nn.Embedding``, ``nn.LSTM`` and ``nn.Linear``, a
text cut into columns once, windows that are slices of it, a hidden state that is detached from window to window. The
rnnzoo side is the task ``language_model`` on the same text with its loader, the carried state, and the callbacks that
every run of a table has (throughput, non-finite values). Neither validates or writes checkpoints.

They take turns window by window, so that a machine that is slower at times is so for both; Lightning's time is
everything that is not the plain step, its loader and the Trainer's set-up too.

Aim: 0.95 of the plain loop's tokens a second or more, a ratio of times of 1.053 or less.

Run: python benchmarks/speed/language_model_vs_plain_loop.py [--rounds N] [--windows N] [--write]
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from _interleaved import CLOCKS, RESULTS, conclude
from lightning.pytorch import Trainer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnzoo.callbacks import NonFinite, Throughput
from rnnzoo.data.python_help import PythonHelp
from rnnzoo.tasks.language_model import LanguageModel

ROWS, WINDOW, EMBEDDING, HIDDEN, LAYERS = 32, 64, 64, 256, 2


class PlainModel(nn.Module):
    """The usual few lines."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, LAYERS)
        self.output = nn.Linear(HIDDEN, tokens)

    def forward(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Logits (T, B, V) of inputs (T, B), and the state."""
        features, state = self.lstm(self.embedding(inputs), state)
        return self.output(features), state


class Turns:
    """The batches of ``loader``; before each is handed on, ``step`` is run and timed."""

    def __init__(self, loader: Iterable[Any], step: Callable[[int], None], now: Callable[[], float]) -> None:
        self.loader, self.step, self.now = loader, step, now
        self.stepping = 0.0  # seconds

    def __iter__(self) -> Iterator[Any]:
        for number, batch in enumerate(self.loader):
            start = self.now()
            self.step(number)
            self.stepping += self.now() - start
            yield batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=60, help="of each round; a whole epoch has about 200")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, default="cpu")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    data = PythonHelp(batch_size=ROWS, window=WINDOW)
    text = data.splits["train"].long()
    columns = text[: len(text) // ROWS * ROWS].view(ROWS, -1).t().contiguous()  # (steps, B)
    plain_model = PlainModel(len(data.codec_state()["vocabulary"]))
    task = LanguageModel(data.spec, "lstm", hidden_size=HIDDEN, num_layers=LAYERS, embedding_size=EMBEDDING)
    optimizer = torch.optim.Adam(plain_model.parameters(), lr=1e-3, fused=True)
    state: Any = None

    def plain(number: int) -> None:
        nonlocal state
        begin = number * WINDOW
        inputs, targets = columns[begin : begin + WINDOW], columns[begin + 1 : begin + WINDOW + 1]
        optimizer.zero_grad()
        logits, state = plain_model(inputs, state)
        cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        optimizer.step()
        state = tuple(member.detach() for member in state)

    now = CLOCKS[options.clock]
    seconds: dict[str, list[float]] = {"plain loop": [], "Lightning": []}
    for turn in range(options.rounds + 1):
        state = None
        turns = Turns(islice(data.train_dataloader(), options.windows), plain, now)
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
        trainer.fit(task, turns)
        if turn:  # the first round warms up
            seconds["Lightning"].append(now() - start - turns.stepping)
            seconds["plain loop"].append(turns.stepping)
    conclude(
        "language_model_vs_plain_loop",
        seconds,
        baseline="plain loop",
        settings={"B": ROWS, "T": WINDOW, "E": EMBEDDING, "H": HIDDEN, "layers": LAYERS, "windows": options.windows},
        out=RESULTS if options.write else None,
        clock=options.clock,
    )


if __name__ == "__main__":
    main()
