"""The help texts of the Python that runs this: English prose and code that needs no download.

They are those of ``help("TOPICS")``, from the Python documentation (https://docs.python.org), and differ a little from
version to version; ``data_version`` tells them apart.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnzoo.data._files import MissingData
from rnnzoo.data._stream_text import StreamText, shares_of
from rnnzoo.registry import DATA

VOCABULARY = sorted({"\n", *string.printable} - {"\r", "\t", "\x0b", "\x0c"})
ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\t": "    "})
SHARES = {"validation": 0.05, "test": 0.05}


def help_texts() -> Mapping[str, str]:
    """The texts by topic.

    Raises:
        MissingData: this Python came without them.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise MissingData(
            f"this Python has no pydoc_data.topics ({error}), the texts of its help; install its whole standard "
            "library, or use another dataset of kind next_token, such as plain_text."
        ) from error
    return topics


def printable(text: str) -> str:
    """A text in the printable characters of ASCII and line ends: accents fall off, what is left over is "?"."""
    plain = unicodedata.normalize("NFKD", text.translate(ASCII))
    known = set(VOCABULARY)
    return "".join(one if one in known else "?" for one in plain if not unicodedata.combining(one))


@DATA.register(
    "python_help",
    description="the help texts of Python, by characters: English without a download",
    kind="next_token",
    licence="PSF-2.0",
    source="https://docs.python.org/3/",
)
class PythonHelp(StreamText):
    """The next character of Python's help texts: 96 characters, the last 10 % for validation and test.

    Args:
        split_seed: of the order in which the topics stand behind one another before the text is cut.
        batch_size, window, vary_window, eval_batch_size, eval_streams, eval_window, seed, num_workers, pin_memory: as
            ``StreamData`` says.
    """

    def __init__(
        self,
        split_seed: int = 0,
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
        self.split_seed = split_seed

    def vocabulary(self, counts: Any) -> list[str]:
        """The printable characters of ASCII, whichever of them this Python's texts have."""
        return VOCABULARY

    def key(self) -> None:
        """None: the texts are at hand, and encoding them takes less time than a cache would."""
        return None

    def read(self) -> dict[str, str]:
        """The topics in the order drawn, split."""
        topics = help_texts()
        names = sorted(topics)
        order = np.random.RandomState(self.split_seed).permutation(len(names)).tolist()
        return shares_of("\n".join(printable(topics[names[i]]).strip("\n") + "\n" for i in order), SHARES)

    @classmethod
    def tiny(cls) -> PythonHelp:
        """A few made-up lines."""
        data = cls(batch_size=4, window=7, eval_batch_size=3, eval_streams=4)
        data._given = {
            "train": 'The "walk" statement\n\n   walk_stmt ::= "walk" [number]\n\nIt walks; see also run.\n' * 3,
            "validation": "Running is walking, but quicker: see that.\n",
            "test": 'Each "sit" is a rest.\n   >>> sit()\n',
        }
        return data
