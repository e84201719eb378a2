"""Tiny Shakespeare: 40,000 lines of the plays, 1,115,394 characters, 65 different ones.

A. Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks", 2015.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.data import _files
from rnnzoo.data._cache import stamp
from rnnzoo.data._stream_text import StreamText, shares_of
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA, unknown

URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
CUSTOMARY = 0.9
SPLITS = ("90/10", "90/5/5")


@DATA.register(
    "tinyshakespeare",
    description="1,115,394 characters of Shakespeare's plays (Karpathy 2015)",
    kind="next_token",
    licence="public domain",
    source=URL,
)
class TinyShakespeare(StreamText):
    """The next character of Shakespeare's plays.

    Takes the official ``input.txt``, in ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads it.

    Args:
        split: "90/10", the customary one: the first 90 % of the characters train, the last 10 % validate, and the test
            is on the same: what is told of it is a validation number. "90/5/5": the last 10 % in two halves.
        batch_size, window, vary_window, eval_batch_size, eval_streams, eval_window, seed, num_workers, pin_memory: as
            ``StreamData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the official file may be fetched.

    Raises:
        UnknownName: no such split.
    """

    def __init__(
        self,
        split: str = "90/10",
        batch_size: int = 32,
        window: int = 128,
        vary_window: bool = False,
        eval_batch_size: int | None = None,
        eval_streams: int | None = None,
        eval_window: int | None = None,
        seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            level="characters",
            batch_size=batch_size,
            window=window,
            vary_window=vary_window,
            eval_batch_size=eval_batch_size,
            eval_streams=eval_streams,
            eval_window=eval_window,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        if split not in SPLITS:
            raise unknown("split", split, SPLITS)
        self.split = split
        self.dir = dir
        self.download = download

    def vocabulary(self, counts: Any) -> list[str]:
        """The 65 characters in the order of their code points, as is customary; there are no unknown ones."""
        return sorted(counts)

    def source(self) -> Path:
        """The file, fetched if need be."""
        return _files.find_or_fetch(
            "tinyshakespeare",
            ["input.txt"],
            directory=self.dir,
            url=URL,
            sha256=SHA256,
            download=self.download,
        )

    def key(self) -> dict[str, Any]:
        """The source's stamp and how it is split."""
        return {"source": stamp(self.source()), "split": self.split}

    def read(self) -> dict[str, str]:
        """The plays, split.

        Raises:
            DamagedFile: another file than the official one.
        """
        source = self.source()
        _files.check_sha256(source, SHA256)
        text = read_text(source)
        begin = int(CUSTOMARY * len(text))
        rest = {"validation": text[begin:], "test": text[begin:]}
        if self.split == "90/5/5":
            halves = shares_of(text[begin:], {"test": 0.5})
            rest = {"validation": halves["train"], "test": halves["test"]}
        return {"train": text[:begin], **rest}

    @classmethod
    def tiny(cls) -> TinyShakespeare:
        """A few made-up lines of a play."""
        data = cls(split="90/5/5", batch_size=4, window=8, eval_batch_size=2, eval_streams=3)
        data._given = {
            "train": "KING:\nWhere is the crown, my lord?\n\nFOOL:\nUpon thy head it is, my dear Gold; Then mount.\n\n"
            * 3,
            "validation": "GOLF:\nThere the dear lord is not, my hound.\n",
            "test": "KING:\nNo lord upon thy crown; my dear?\n",
        }
        return data
