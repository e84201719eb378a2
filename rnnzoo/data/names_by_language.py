"""Names by language: a surname to be written for the name of a language, from the lists and the split of ``names``."""

from __future__ import annotations

from typing import Any

from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._emission import ClassTexts, EmissionData, EmissionTexts
from rnnzoo.data._names_files import LANGUAGES, SOURCE, find_names, read_names
from rnnzoo.data._shares import draw_distinct
from rnnzoo.data._text_classification import TextSplits
from rnnzoo.data.names import Names, once, split_names
from rnnzoo.registry import DATA


@DATA.register(
    "names_by_language",
    description="18,012 surnames, to be written character by character for the names of 18 languages",
    kind="emission",
    licence="MIT",
    source=SOURCE,
)
class NamesByLanguage(EmissionData):
    """A language, and a name of it as characters. Files and split are those of ``names``.

    Args:
        repeats: keep the lines that say again what an earlier one said, see ``names``.
        minimum_count: characters that occur less often in the training names are [UNK].
        validation, test: shares of the distinct names, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        ValueError: ``minimum_count`` is below 1.
    """

    def __init__(
        self,
        repeats: bool = False,
        minimum_count: int = 1,
        validation: float = 0.1,
        test: float = 0.1,
        batch_size: int = 64,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            minimum_count=minimum_count,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        self.repeats = repeats
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The files' stamps and how the names are split."""
        files = find_names(self.dir, self.download)
        return {
            "files": [stamp(files[language]) for language in LANGUAGES],
            "rows": [self.repeats, self.shares, self.split_seed],
            "code": code_version(read_names, draw_distinct, once, split_names),
        }

    def read(self) -> EmissionTexts:
        """All names, those of the first language first, split."""
        names, languages = read_names(find_names(self.dir, self.download))
        if not self.repeats:
            names, languages = once(names, languages)
        return turned(split_names(names, languages, list(LANGUAGES), self.shares, self.split_seed))

    @classmethod
    def tiny(cls) -> NamesByLanguage:
        """Two dozen names of three languages."""
        data = cls(batch_size=4, eval_batch_size=4)
        given = Names.tiny()._given
        data._given = turned(given) if given is not None else None
        return data


def turned(raw: TextSplits) -> EmissionTexts:
    """Labels as classes, from which the texts are to be written."""
    return EmissionTexts(raw.labels, {split: ClassTexts(part.labels, part.texts) for split, part in raw.splits.items()})
