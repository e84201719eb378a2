"""Reading IDX files, in which MNIST and the sets made after it keep their pictures and labels.

Two zero bytes, the type of a number (8: uint8), how many dimensions there are, their sizes as big-endian 32-bit
numbers, and the numbers, the last dimension quickest. Format: http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from rnnzoo.data._files import DamagedFile

BYTES = 8
"""The type of unsigned bytes, which is that of all official files."""


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The bytes of an IDX file, unpacked where its name ends in .gz.

    Args:
        dimensions: how many there must be: 3 for pictures (R, height, width), 1 for labels (R,).

    Raises:
        DamagedFile: it is not whole, or not of that form.
    """
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFile(f"{path} cannot be unpacked ({error}): it is truncated, damaged or not gzip.") from error
    begin = 4 + 4 * dimensions
    if len(content) < begin or content[:4] != bytes([0, 0, BYTES, dimensions]):
        raise DamagedFile(
            f"{path} begins with the bytes {list(content[:4])}; expected {[0, 0, BYTES, dimensions]}: an IDX file of "
            f"unsigned bytes with {dimensions} dimension(s)."
        )
    shape = tuple(np.frombuffer(content[4:begin], dtype=">u4").tolist())
    expected = int(np.prod(shape, dtype=np.int64))
    if len(content) - begin != expected:
        raise DamagedFile(
            f"{path} says that it has {' x '.join(map(str, shape))} = {expected} bytes of data, and has "
            f"{len(content) - begin}: it is truncated or damaged."
        )
    return np.frombuffer(content, dtype=np.uint8, offset=begin).reshape(shape)
