"""Tatoeba: sentences that learners translated, English with Mandarin Chinese or with French.

The pairs of www.manythings.org/anki, from https://tatoeba.org: English, the other language, and in newer editions whom
to thank, with tabs between. A sentence has many translations, and many differ by a full stop alone, so rows drawn at
random would have most test sentences in training. Here two pairs that have either side in common (letters and digits
alone, whatever their case) are always in the same split.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, Literal

from rnnzoo.data import _apart, _files
from rnnzoo.data._apart import draw_apart
from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._pair_data import PairTexts
from rnnzoo.data._pair_texts import PairSplits, WrittenPairs, pair_splits
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA

URL = "https://www.manythings.org/anki/{language}-eng.zip"
LANGUAGES = ("cmn", "fra")


@DATA.register(
    "tatoeba",
    description="short everyday sentences, English with Mandarin Chinese or French, to be translated (Tatoeba)",
    kind="pair",
    licence="CC BY 2.0 FR; each line names whom to thank",
    source="https://www.manythings.org/anki/",
)
class Tatoeba(WrittenPairs):
    """Sentences to be translated, with seeded validation and test shares that have no side in common with training.

    Takes ``cmn.txt`` or ``fra.txt``, possibly with .gz, or the official ``cmn-eng.zip``, ``fra-eng.zip`` from ``dir``
    (or, without it, ``$RNNZOO_DATA`` and the cache). They are not downloaded: the official address always has the
    newest edition, which no checksum of ours could know.

    Args:
        source, target: one is "eng", the other "cmn" or "fra".
        validation, test: shares of the pairs.
        training_pairs: source and target of further pairs to train on, such as
            ``[["机器学习", "machine learning"]]``; as often as they are given.
        tokenizer, target_tokenizer, vocabulary_size, target_vocabulary_size, joint, minimum_count, lower, max_length:
            as ``WrittenPairs`` says.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
        dir: the folder with the file, if not the usual places.

    Raises:
        ValueError: not English with another language, a share outside (0, 1), or a setting that ``WrittenPairs``
            refuses.
    """

    def __init__(
        self,
        source: Literal["cmn", "eng", "fra"] = "cmn",
        target: Literal["cmn", "eng", "fra"] = "eng",
        validation: float = 0.05,
        test: float = 0.05,
        training_pairs: list[list[str]] | None = None,
        tokenizer: str = "bpe",
        target_tokenizer: str | None = None,
        vocabulary_size: int | None = 8000,
        target_vocabulary_size: int | None = None,
        joint: bool = False,
        minimum_count: int = 2,
        lower: bool = True,
        max_length: int | None = None,
        batch_size: int = 64,
        eval_batch_size: int | None = 128,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            tokenizer=tokenizer,
            target_tokenizer=target_tokenizer,
            vocabulary_size=vocabulary_size,
            target_vocabulary_size=target_vocabulary_size,
            joint=joint,
            minimum_count=minimum_count,
            lower=lower,
            max_length=max_length,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        other = {source, target} - {"eng"}
        if len(other) != 1 or source == target or not other <= {*LANGUAGES}:
            raise ValueError(
                f"source is {source!r} and target {target!r}; expected one 'eng', the other {' or '.join(LANGUAGES)}."
            )
        self.language = other.pop()
        self.from_english = source == "eng"
        self.shares = {"validation": validation, "test": test}
        for split, share in self.shares.items():
            if not 0 < share < 1:
                raise ValueError(f"{split} is {share}; expected a share of the pairs between 0 and 1.")
        self.training_pairs = [list(pair) for pair in training_pairs or []]
        for pair in self.training_pairs:
            if len(pair) != 2 or not all(isinstance(text, str) and text.strip() for text in pair):
                raise ValueError(f"training_pairs has {pair!r}; expected a source and a target, both with text.")
        self.split_seed = split_seed
        self.dir = dir

    def source(self) -> Path:
        """The file.

        Raises:
            MissingData: there is none; says how to get it.
        """
        names = [f"{self.language}.txt.gz", f"{self.language}.txt", f"{self.language}-eng.zip"]
        folder = "tatoeba" if self.dir is not None else f"tatoeba_{self.language}_eng"
        where = [*_files.places(folder, self.dir), *_files.places("tatoeba", self.dir)]
        found = _files.find(where, names)
        if found is None:
            address = URL.format(language=self.language)
            raise _files.MissingData(
                f"dataset 'tatoeba': no {' or '.join(names)} in {', '.join(map(str, dict.fromkeys(where)))}.\n"
                f"Fetch {address} by hand, put it there, or set RNNZOO_DATA to the folder that holds it."
            )
        return found

    def key(self) -> dict[str, Any]:
        """The file's stamp, the direction, and how the pairs are split."""
        return {
            "source": stamp(self.source()),
            "from_english": self.from_english,
            "shares": [self.shares, self.split_seed],
            "training_pairs": self.training_pairs,
            "code": code_version(_apart),
        }

    def read(self) -> PairSplits:
        """The pairs of the file, split."""
        english, other = read_sentences(self.source())
        sides = (english, other) if self.from_english else (other, english)
        splits = {
            split: PairTexts(*([side[i] for i in rows] for side in sides))
            for split, rows in draw_apart(english, other, self.shares, self.split_seed).items()
        }
        for one, another in self.training_pairs:
            splits["train"].sources.append(one)
            splits["train"].targets.append(another)
        return PairSplits(splits)

    @classmethod
    def tiny(cls) -> Tatoeba:
        """A few made-up sentences."""
        data = cls(tokenizer="characters", target_tokenizer="words", minimum_count=1, batch_size=4, eval_batch_size=4)
        subjects, verbs = {"我": "I", "你": "you", "他们": "they"}, {"来": "come", "走": "leave", "睡觉": "sleep"}
        times = {"": "", "今天": " today", "明天": " tomorrow"}
        rows = [
            (f"{a}{c}{b}。", f"{subjects[a]} {verbs[b]}{times[c]}.") for a in subjects for b in verbs for c in times
        ]
        order = [rows[5 * i % len(rows)] for i in range(len(rows))]
        data._given = pair_splits(train=order[:15], validation=order[15:21], test=order[21:])
        return data


def read_sentences(path: Path) -> tuple[list[str], list[str]]:
    """The English sentences of a file and their translations.

    Raises:
        DamagedFile: not whole, not UTF-8, or a line without two texts; says which.
    """
    english, other = [], []
    for line, text in enumerate(_content(path).split("\n"), start=1):
        if not text.strip():
            continue
        fields = text.split("\t")
        if len(fields) < 2 or not fields[0].strip() or not fields[1].strip():
            raise _files.DamagedFile(
                f"{path}, line {line}: {text!r:.80}; expected English, a tab, its translation. The file is truncated, "
                "or another one."
            )
        english.append(fields[0].strip())
        other.append(fields[1].strip())
    if not english:
        raise _files.DamagedFile(f"{path} has no sentences; remove it and fetch it again.")
    return english, other


def _content(path: Path) -> str:
    if path.suffix != ".zip":
        return read_text(path)
    try:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(f"{path.name.partition('-')[0]}.txt")
        return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="\n").read()
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, EOFError) as error:
        raise _files.DamagedFile(f"{path} cannot be read ({error}); remove it and fetch it again.") from error
