"""MNIST as sequences: 60,000 handwritten digits to train on and 10,000 to test, 28 x 28 pixels each.

Pixel by pixel: Q. Le, N. Jaitly, G. Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units",
2015, arXiv 1504.00941, with one fixed permutation of the pixels too. With noise behind the lines: B. Chang et al.,
"AntisymmetricRNN", 2019, arXiv 1902.09689, section 4.3 (there of CIFAR-10, 1,000 steps). The digits: Y. LeCun,
L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from rnnzoo.contracts import Spec
from rnnzoo.data._base import ZooData
from rnnzoo.data._mnist_files import SOURCE, Pictures, read_mnist
from rnnzoo.data._pictures import PictureCodec, PictureRows
from rnnzoo.data._shares import draw_shares
from rnnzoo.registry import DATA

SIDE = 28
VERSION = 1


@DATA.register(
    "mnist",
    description="handwritten digits pixel by pixel (784 steps, also permuted), line by line, or with noise behind",
    kind="label",
    licence="not stated; often listed as CC BY-SA 3.0",
    source=SOURCE,
)
class Mnist(ZooData):
    """Ten classes; brightness scaled from 0..255 to 0..1. The official test pictures are the test split.

    Takes the four official IDX files (gzipped, packed anew or unpacked) from ``dir`` (or, without it, ``$RNNZOO_DATA``
    and the cache), else downloads them.

    Args:
        form: "pixels", 784 steps of one; "permuted", the same in one fixed order; "rows", 28 steps of 28; "noise",
            those and then noise.
        permutation_seed: of the fixed order.
        steps: of the form "noise", more than 28.
        validation: share of the training pictures, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the split.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        UnknownName: another form.
        ValueError: no step left for noise, or a share that leaves nothing to train on.
    """

    def __init__(
        self,
        form: Literal["pixels", "permuted", "rows", "noise"] = "pixels",
        permutation_seed: int = 0,
        steps: int = 1000,
        validation: float = 1 / 6,
        batch_size: int = 128,
        eval_batch_size: int | None = 500,
        shuffle: bool = True,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
            pin_memory=pin_memory,
        )  # fmt: skip
        self.codec = PictureCodec(SIDE, SIDE, form, permutation_seed, steps)
        self.validation = validation
        self.split_seed = split_seed
        self.dir = dir
        self.download = download
        self._given: tuple[Pictures, Pictures] | None = None

    @property
    def spec(self) -> Spec:
        """Real channels in, ten digits out."""
        return Spec(
            kind="label",
            input="real",
            input_size=self.codec.channels,
            output_size=10,
            labels=[str(digit) for digit in range(10)],
            padding_id=None,
            streaming=False,
            version=VERSION,
        )

    @property
    def data_version(self) -> str:
        """The version of the preprocessing; the pictures never change."""
        return f"{VERSION}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``PictureCodec``."""
        return self.codec.state()

    def build_splits(self) -> dict[str, PictureRows]:
        """Read the pictures and hold some out for validation."""
        training, test = self._given or tuple(read_mnist(part, self.dir, self.download) for part in ("train", "t10k"))
        splits, first = {}, 0
        for split, rows in draw_shares(len(training.labels), {"validation": self.validation}, self.split_seed).items():
            splits[split] = PictureRows(training.pixels[rows], training.labels[rows], self.codec, first)
            first += len(rows)
        return {**splits, "test": PictureRows(test.pixels, test.labels, self.codec, first)}

    @classmethod
    def tiny(cls) -> Mnist:
        """Made-up pictures, a bright line for each digit; no file is read."""
        data = cls("rows", batch_size=8, eval_batch_size=8)
        random = np.random.RandomState(0)
        parts = []
        for rows in (48, 20):
            labels = np.arange(rows) % 10
            pixels = random.randint(0, 100, size=(rows, SIDE, SIDE))
            pixels[np.arange(rows), 2 * labels + 4] = 255
            parts.append(Pictures(pixels.astype(np.uint8), labels.astype(np.uint8)))
        data._given = (parts[0], parts[1])
        return data
