"""Wav files as their definition says, written byte by byte: for tests of what reads them."""

import struct

import numpy as np


def wav(samples, rate=8000, bits=16, *, tag=1, extensible=False, before=b"", cut=0):
    """The bytes of a file of ``samples`` (N,) or (N, C), whole numbers or floats as the form has them."""
    samples = np.asarray(samples)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    if bits == 24:
        body = b"".join(int(value).to_bytes(3, "little", signed=True) for value in samples.flatten())
    else:
        kinds = {8: "u1", 16: "<i2", 32: "<i4"} if tag != 3 else {32: "<f4", 64: "<f8"}
        body = samples.astype(kinds[bits]).tobytes()
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else tag, channels, rate, rate * block, block, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, tag) + bytes(14)
    parts = b"WAVE" + before + b"fmt " + struct.pack("<I", len(form)) + form
    parts += b"data" + struct.pack("<I", len(body)) + body
    content = b"RIFF" + struct.pack("<I", len(parts)) + parts
    return content[: len(content) - cut]


def tone(frequency, seconds=0.3, rate=8000, loudness=0.5):
    """A sine (N,)."""
    return loudness * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
