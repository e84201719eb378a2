"""WikiText-2: two million words of verified Wikipedia articles, tokenised, rare words as <unk>.

S. Merity, C. Xiong, J. Bradbury, R. Socher, "Pointer Sentinel Mixture Models", 2016, arXiv:1609.07843.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rnnzoo.data import _files
from rnnzoo.data._cache import stamp
from rnnzoo.data._stream_text import StreamText
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA

URL = "https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2/"
PARTS = {"train": "train", "validation": "valid", "test": "test"}
SHA256 = {
    "wiki.train.tokens": "9e9fa1ad55b1c2c95b08e37dd8e653f638fac2c6de904b79e813611eefbc985f",
    "wiki.train.tokens.gz": "0c202e0b5d919429261b7291d9b5998f0db680c0a6700c0ff2a886d0abe055d4",
    "wiki.valid.tokens": "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
    "wiki.valid.tokens.gz": "3ac34ae2b6509075d52302c50a04a8a1970739ffe1a904f2cd374fefbea3cbf2",
    "wiki.test.tokens": "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
    "wiki.test.tokens.gz": "a2b26b5d2619cc1f6cd34c8e116a451aed09af51479346aadfbf508ceb8b192e",
}


@DATA.register(
    "wikitext2",
    description="two million words of Wikipedia articles, 33,278 different ones (Merity et al. 2016)",
    kind="next_token",
    licence="CC BY-SA 3.0",
    source="https://arxiv.org/abs/1609.07843",
)
class WikiText2(StreamText):
    """The next word of Wikipedia articles: 2,088,628 / 217,646 / 245,569 tokens, a line's end (<eos>) among them.

    Takes the official ``wiki.train.tokens``, ``wiki.valid.tokens`` and ``wiki.test.tokens``, also with .gz, in ``dir``
    (or, without it, in the folder wikitext-2 of ``$RNNZOO_DATA`` and the cache), else downloads the copies of
    pytorch/examples, which are byte for byte the same. Ids go by falling count in the training text.

    Args:
        batch_size, window, vary_window, eval_batch_size, eval_streams, eval_window, seed, num_workers, pin_memory: as
            ``StreamData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether they may be fetched.
    """

    def __init__(
        self,
        batch_size: int = 20,
        window: int = 35,
        vary_window: bool = False,
        eval_batch_size: int | None = 10,
        eval_streams: int | None = None,
        eval_window: int | None = None,
        seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            level="words",
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
        self.dir = dir
        self.download = download

    def source(self, split: str) -> Path:
        """The file of a split, fetched if need be."""
        name = f"wiki.{PARTS[split]}.tokens"
        return _files.find_or_fetch(
            "wikitext-2",
            [name, f"{name}.gz", f"{PARTS[split]}.txt"],  # the last is the download's name
            directory=self.dir,
            url=f"{URL}{PARTS[split]}.txt",
            sha256=SHA256[name],
            download=self.download,
        )

    def key(self) -> dict[str, Any]:
        """The sources' stamps."""
        return {split: stamp(self.source(split)) for split in PARTS}

    def read(self) -> dict[str, str]:
        """The text of each split.

        Raises:
            DamagedFile: another file than the official one (WikiText-103's have the same names).
        """
        texts = {}
        for split, part in PARTS.items():
            source = self.source(split)
            _files.check_sha256(source, SHA256.get(source.name, SHA256[f"wiki.{part}.tokens"]))
            texts[split] = read_text(source)
        return texts

    @classmethod
    def tiny(cls) -> WikiText2:
        """A few made-up lines in the official form."""
        data = cls(batch_size=4, window=6, eval_batch_size=2, eval_streams=3)
        data._given = {
            "train": " \n = The <unk> river = \n \n The river is 12 @.@ 5 km long , and its <unk> is cold . \n" * 4,
            "validation": " \n = The cold <unk> = \n \n The <unk> is 5 km long . \n",
            "test": " \n = Its river = \n \n The cold river , long , is <unk> . \n",
        }
        return data
