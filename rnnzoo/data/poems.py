"""Poems: ci of the Song dynasty, each to be written for the name of its tune, which decides its form.

A tune (词牌) fixes how many lines a poem has, how long each is, and where it rhymes; the title says nothing else of it.
The poems are those of chinese-poetry, 宋词, 21,050 of 1,421 tunes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._checks import check_positive
from rnnzoo.data._emission import ClassTexts, EmissionData, EmissionTexts
from rnnzoo.data._poem_files import SOURCE, Poem, find_poems, read_poems
from rnnzoo.data._shares import draw_distinct
from rnnzoo.registry import DATA


@DATA.register(
    "poems",
    description="13,708 ci poems of the Song dynasty, to be written character by character for the names of 50 tunes",
    kind="emission",
    licence="MIT; the poems are in the public domain",
    source=SOURCE,
)
class Poems(EmissionData):
    """A tune's name, and the poem as characters; a space stands between its lines.

    Takes the official ``ci.song.N.json``, also packed as .gz, from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the
    cache), else downloads them. Poems that are the same are in the same split.

    Args:
        minimum_poems: tunes that have fewer poems are left out.
        minimum_count: characters that occur less often in the training poems are [UNK].
        validation, test: shares of the distinct poems, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the shares.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        ValueError: ``minimum_poems`` or ``minimum_count`` is below 1.
    """

    lines = True

    def __init__(
        self,
        minimum_poems: int = 100,
        minimum_count: int = 5,
        validation: float = 0.05,
        test: float = 0.05,
        batch_size: int = 32,
        eval_batch_size: int | None = 64,
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
        check_positive(minimum_poems=minimum_poems)
        self.minimum_poems = minimum_poems
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The files' stamps, which tunes, and how the poems are split."""
        return {
            "files": [stamp(path) for path in find_poems(self.dir, self.download)],
            "rows": [self.minimum_poems, self.shares, self.split_seed],
            "code": code_version(read_poems, draw_distinct),
        }

    def read(self) -> EmissionTexts:
        """The poems of the tunes that have enough, split.

        Raises:
            ValueError: no tune has as many poems.
        """
        return self._split(read_poems(find_poems(self.dir, self.download)))

    def _split(self, poems: list[Poem]) -> EmissionTexts:
        counts = Counter(poem.tune for poem in poems)
        tunes = sorted((tune for tune in counts if counts[tune] >= self.minimum_poems), key=lambda t: (-counts[t], t))
        if not tunes:
            most = max(counts.values(), default=0)
            raise ValueError(f"minimum_poems is {self.minimum_poems}, and no tune has more than {most} poems.")
        number = {tune: i for i, tune in enumerate(tunes)}
        kept = [poem for poem in poems if poem.tune in number]
        texts = [" ".join(poem.lines) for poem in kept]
        drawn = draw_distinct(texts, self.shares, self.split_seed)
        return EmissionTexts(
            tunes,
            {
                split: ClassTexts([number[kept[i].tune] for i in rows], [texts[i] for i in rows])
                for split, rows in drawn.items()
            },
        )

    @classmethod
    def tiny(cls) -> Poems:
        """Made-up lines of two forms."""
        data = cls(minimum_poems=1, minimum_count=1, validation=0.25, test=0.25, batch_size=4, eval_batch_size=4)
        things = [a + b for a in "山水花月" for b in "风雨云雪"]
        short = [Poem("短调", [f"春{thing}好，", f"人看{thing}。"]) for thing in things]
        long = [Poem("长调", [f"一夜{thing}声到小楼，", f"几番{thing}色入中秋。", "思悠悠。"]) for thing in things]
        data._given = data._split(short + long)
        return data
