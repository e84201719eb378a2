"""The four files of MNIST: found or fetched, checked, and read."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from rnnzoo.data._files import DamagedFile, find_or_fetch
from rnnzoo.data._idx_files import read_idx

SOURCE = "http://yann.lecun.com/exdb/mnist/"
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
"""The official files at an address with https, from where torchvision takes them."""

PACKED = {
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""SHA-256 of the official gzipped files."""

CONTENT = {
    "train-images-idx3-ubyte": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "train-labels-idx1-ubyte": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "t10k-images-idx3-ubyte": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "t10k-labels-idx1-ubyte": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
"""SHA-256 of the numbers in the files, without what stands before them."""


class Pictures(NamedTuple):
    """A part of MNIST."""

    pixels: np.ndarray  # (R, 28, 28) uint8
    labels: np.ndarray  # (R,) uint8


def read_mnist(part: str, directory: str | None, download: bool) -> Pictures:
    """The 60,000 pictures of "train" or the 10,000 of "t10k".

    Raises:
        MissingData: as ``find_or_fetch``.
        DamagedFile: a file is not the official one; it may be packed anew, or not at all.
    """
    arrays = [
        _read(f"{part}-{kind}-ubyte", size, directory, download)
        for kind, size in (("images-idx3", 3), ("labels-idx1", 1))
    ]
    return Pictures(*arrays)


def _read(name: str, dimensions: int, directory: str | None, download: bool) -> np.ndarray:
    dotted = name.replace("-idx", ".idx")  # as some tools unpack them
    path = find_or_fetch(
        "mnist", [f"{name}.gz", name, dotted], directory=directory, url=f"{MIRROR}/{name}.gz", sha256=PACKED[name],
        download=download,
    )  # fmt: skip
    array = read_idx(path, dimensions)
    if hashlib.sha256(array.tobytes()).hexdigest() != CONTENT[name]:
        raise DamagedFile(f"{path} does not hold the official numbers; remove it and fetch it again.")
    return array
