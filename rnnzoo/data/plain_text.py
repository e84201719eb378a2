"""A user's own running text, from plain UTF-8 files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rnnzoo.data._cache import code_version, path_and_stamp
from rnnzoo.data._stream_text import StreamText, shares_of
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA


@DATA.register(
    "plain_text",
    description="your own running text: plain UTF-8 files, by characters or by words",
    kind="next_token",
    licence="the user's",
    source="",
)
class PlainText(StreamText):
    """The next character or word of a text of one's own.

    Args:
        path: a text file, UTF-8, also with .gz; or several, read one after the other.
        level: "characters": Unicode code points, or "words": what stands between blanks, and a line's end; where
            punctuation is to be on its own, the file has to have it so.
        validation_path, test_path: files of these splits; without them, shares of the end of the text:
        validation, test: these shares of its characters, contiguous.
        vocabulary_size: at most this many tokens of the training text, <unk> among them; ``None``: all.
        minimum_count: tokens that occur less often in the training text are <unk>.
        batch_size, window, vary_window, eval_batch_size, eval_streams, eval_window, seed, num_workers, pin_memory: as
            ``StreamData`` says.

    Raises:
        MissingData, DamagedFile: a file is not there, or no UTF-8.
        ValueError: shares that leave nothing, or a text shorter than the batch.
    """

    def __init__(
        self,
        path: str | list[str],
        level: str = "characters",
        validation_path: str | None = None,
        test_path: str | None = None,
        validation: float = 0.05,
        test: float = 0.05,
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
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
            level=level,
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
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
        paths = [path] if isinstance(path, str) else list(path)
        if not paths:
            raise ValueError("path is an empty list; expected at least one file.")
        given = {"train": paths}
        given |= {split: [one] for split, one in (("validation", validation_path), ("test", test_path)) if one}
        self.paths = {split: [Path(os.path.expanduser(one)) for one in files] for split, files in given.items()}
        shares = {"validation": validation, "test": test}
        self.shares = {split: share for split, share in shares.items() if split not in self.paths}

    def key(self) -> dict[str, Any]:
        """Paths and stamps of the files, and how the text is split."""
        return {
            "files": {split: [path_and_stamp(path) for path in paths] for split, paths in self.paths.items()},
            "shares": self.shares,
            "code": code_version(read_text, shares_of),
        }

    def read(self) -> dict[str, str]:
        """The texts of the files, split."""
        texts = {split: joined([read_text(path) for path in paths]) for split, paths in self.paths.items()}
        return texts | shares_of(texts["train"], self.shares)

    @classmethod
    def tiny(cls) -> PlainText:
        """Made-up lines in several scripts; no file is read."""
        data = cls("tiny.txt", batch_size=3, window=5, eval_batch_size=2, eval_streams=5)
        data._given = {
            "train": "今天下雨了，路很滑。\nמה שלומך היום?\nThe river is high today.\n\ne\u0301te\u0301 😀\n" * 3,
            "validation": "明天下雪，河很高。\nThe road is dry.\n",
            "test": "今天路很高。\nהיום 😀\nIs this river high?\n",
        }
        return data


def joined(texts: list[str]) -> str:
    """One text behind the other, each on a line of its own."""
    return "".join(one if one.endswith("\n") or one is texts[-1] else one + "\n" for one in texts)
