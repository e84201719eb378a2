"""Reading wav files: RIFF/WAVE of integer or float PCM, one or more channels, any rate.

IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991, and Microsoft's "Multiple
Channel Audio Data and WAVE Files", 2001 (the extensible form).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnzoo.data._files import DamagedFile, MissingData

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}
TO_THE_END = 0xFFFFFFFF
"""The length that programs write who send a file on before they know it."""


class Audio(NamedTuple):
    """One channel of sound."""

    samples: np.ndarray  # (N,) float32, -1 to 1 at full scale
    rate: int  # samples a second


def read_wav(source: str | Path | bytes, name: str = "") -> Audio:
    """The sound of a wav file; several channels are averaged.

    Integers of b bits are divided by 2^(b-1), those of 8 bits after 128 was taken from them: -1 to below 1.

    Args:
        source: a path, or the content of a file.
        name: of the file, for messages, where its content is given.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not a wav, truncated, of another encoding than PCM, without any sound, or with numbers that are
            not finite.
    """
    if isinstance(source, bytes):
        return _decode(source, name or "the wav")
    path = Path(source).expanduser()
    if not path.is_file():
        raise MissingData(f"there is no file {path} (looked for {path.absolute()}); give the path of a wav file.")
    return _decode(path.read_bytes(), name or str(path))


def as_audio(samples: Any, rate: int, name: str) -> Audio:
    """Samples (N,) or (N, C) that are at hand, floats or integers, as ``read_wav`` would give them.

    Raises:
        TypeError: neither floats nor integers of 8 to 32 bits.
        ValueError: no sample, another shape, a rate below 1, or a number that is not finite.
    """
    values = np.asarray(samples)
    if values.ndim not in (1, 2) or not values.size:
        raise ValueError(f"{name} has samples of shape {values.shape}; expected (N,) or (N, channels), at least one.")
    if isinstance(rate, bool) or int(rate) != rate or rate < 1:
        raise ValueError(f"{name} has a rate of {rate!r}; expected whole samples a second, at least 1.")
    if values.dtype == np.uint8:
        values = (values.astype(np.float32) - 128) / 128
    elif values.dtype.kind == "i" and values.dtype.itemsize <= 4:
        values = values.astype(np.float64) / 2.0 ** (8 * values.dtype.itemsize - 1)
    elif values.dtype.kind != "f":
        raise TypeError(f"{name} has samples of {values.dtype}; expected floats, or integers of 8, 16 or 32 bits.")
    if not np.isfinite(values).all():
        place = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise ValueError(f"{name} has a NaN or infinite number at sample {place}; expected finite ones.")
    mono = values if values.ndim == 1 else values.mean(axis=1)
    return Audio(mono.astype(np.float32), int(rate))


def _decode(content: bytes, name: str) -> Audio:
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DamagedFile(
            f"{name} is no wav file: it begins with {content[:12]!r}, expected b'RIFF....WAVE'. Convert it to PCM wav."
        )
    form: tuple[int, int, int, int] | None = None
    for kind, body, missing in _chunks(content):
        if missing and kind in (b"fmt ", b"data"):
            raise DamagedFile(f"{name} is truncated: its {kind.decode().strip()!r} part lacks {missing} bytes.")
        if kind == b"fmt ":
            form = _form(body, name)
        elif kind == b"data":
            if form is None:
                raise DamagedFile(f"{name} has sound before it says of what form ('fmt '); it is damaged.")
            return _samples(body, form, name)
    raise DamagedFile(f"{name} has no {'sound (data)' if form else 'description of its form (fmt)'}: truncated?")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Name and content of each part, and how many bytes are missing at its end."""
    place = 12
    while place + 8 <= len(content):
        kind, size = content[place : place + 4], struct.unpack_from("<I", content, place + 4)[0]
        body = content[place + 8 : place + 8 + size]
        yield kind, body, 0 if size == TO_THE_END else size - len(body)
        place += 8 + size + size % 2


def _form(body: bytes, name: str) -> tuple[int, int, int, int]:
    """Encoding, channels, rate and bits."""
    if len(body) < 16:
        raise DamagedFile(f"{name} has a 'fmt ' part of {len(body)} bytes; expected at least 16.")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE and len(body) >= 26:
        tag = struct.unpack_from("<H", body, 24)[0]
    if bits not in BITS.get(tag, ()):
        raise DamagedFile(
            f"{name} has encoding {tag} of {bits} bits; expected integers (1) of 8, 16, 24 or 32 bits or floats (3) of "
            "32 or 64. Convert it to PCM wav."
        )
    if not channels or not rate or block != channels * bits // 8:
        raise DamagedFile(f"{name} says {channels} channels, {rate} samples a second and {block} bytes a sample.")
    return tag, channels, rate, bits


def _samples(body: bytes, form: tuple[int, int, int, int], name: str) -> Audio:
    tag, channels, rate, bits = form
    frames = len(body) // (channels * bits // 8)
    if not frames:
        raise DamagedFile(f"{name} is empty: it has no sample. Remove it, or record it again.")
    body = body[: frames * channels * bits // 8]
    if bits == 24:
        parts = np.frombuffer(body, dtype=np.uint8).reshape(-1, 3)
        wide = np.zeros((len(parts), 4), dtype=np.uint8)
        wide[:, 1:] = parts  # times 256: the sign stands in the highest byte
        values = wide.view("<i4")[:, 0]
    else:
        kinds = {8: "u1", 16: "<i2", 32: "<i4"} if tag == PCM else {32: "<f4", 64: "<f8"}
        values = np.frombuffer(body, dtype=kinds[bits])
    try:
        return as_audio(values.reshape(frames, channels), rate, name)
    except ValueError as error:
        raise DamagedFile(str(error)) from error
