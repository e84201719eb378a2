"""Poems as running text: ci of the Song dynasty one after the other, whose next character is to be told."""

from __future__ import annotations

from typing import Any

from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._poem_files import SOURCE, Poem, find_poems, read_poems
from rnnzoo.data._shares import draw_distinct
from rnnzoo.data._stream_text import StreamText
from rnnzoo.registry import DATA


@DATA.register(
    "poems_text",
    description="21,050 ci poems of the Song dynasty as a stream of two million characters",
    kind="next_token",
    licence="MIT; the poems are in the public domain",
    source=SOURCE,
)
class PoemsText(StreamText):
    """The next character of poems: the tune's name on a line, the poem's lines, an empty line.

    Files are those of ``poems``. Poems that are the same are in the same split; a split has its poems in the order of
    the files.

    Args:
        titles: each poem begins with the name of its tune; ``False``: with its first line.
        minimum_count: characters that occur less often in the training poems are <unk>.
        validation, test: shares of the distinct poems, drawn by ``split_seed``.
        batch_size, window, vary_window, eval_batch_size, eval_streams, eval_window, seed, num_workers, pin_memory: as
            ``StreamData`` says.
        split_seed: of the shares.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.
    """

    def __init__(
        self,
        titles: bool = True,
        minimum_count: int = 5,
        validation: float = 0.05,
        test: float = 0.05,
        batch_size: int = 32,
        window: int = 64,
        vary_window: bool = False,
        eval_batch_size: int | None = None,
        eval_streams: int | None = None,
        eval_window: int | None = None,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            level="characters",
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
        self.titles = titles
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def key(self) -> dict[str, Any]:
        """The files' stamps and how the poems are split."""
        return {
            "files": [stamp(path) for path in find_poems(self.dir, self.download)],
            "rows": [self.titles, self.shares, self.split_seed],
            "code": code_version(read_poems, draw_distinct),
        }

    def read(self) -> dict[str, str]:
        """The text of each split."""
        return self._split(read_poems(find_poems(self.dir, self.download)))

    def _split(self, poems: list[Poem]) -> dict[str, str]:
        drawn = draw_distinct(["\n".join(poem.lines) for poem in poems], self.shares, self.split_seed)
        return {split: "".join(self._written(poems[i]) for i in rows) for split, rows in drawn.items()}

    def _written(self, poem: Poem) -> str:
        return "\n".join([poem.tune] * self.titles + poem.lines) + "\n\n"

    @classmethod
    def tiny(cls) -> PoemsText:
        """A few made-up poems."""
        data = cls(minimum_count=1, batch_size=4, window=8, eval_batch_size=2, eval_streams=3)
        poems = (
            "天地\n玄黄宇宙，洪荒日月。\n盈昃辰宿，列张寒来。\n\n",
            "暑往\n秋收冬藏，闰余成岁。\n律吕调阳，云腾致雨。\n\n",
        )
        data._given = {
            "train": "".join(poems) * 2,
            "validation": "秋云\n寒雨成岁，天地玄黄。\n日月盈昃，云往雨来。\n\n",
            "test": "冬阳\n黄云腾宙，张宿收寒。\n荒地余秋，调律成雨。\n日收。\n\n",
        }
        return data
