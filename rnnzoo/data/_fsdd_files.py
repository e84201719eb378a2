"""The recordings of the Free Spoken Digit Dataset: where they are, what is in them, and how they are split.

Z. Jackson and others, "Free Spoken Digit Dataset", v1.0.10, doi:10.5281/zenodo.1342401.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from rnnzoo.data._base import SPLITS
from rnnzoo.data._files import DamagedFile, find_or_fetch
from rnnzoo.data._wav import Audio, read_wav
from rnnzoo.registry import unknown

SOURCE = "https://github.com/Jakobovski/free-spoken-digit-dataset"
COMMIT = "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
URL = f"https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/zip/{COMMIT}"
ARCHIVE_SHA256 = "beaca4fb849cad13103b2cffba913b3d7fdb5f15222da4ddd07187b3c38a757a"
SHA256 = "45a9b976ba3397a2fd5c70a9f2e43c34f442a3a6be47392ecfc41174b678f37e"
"""Of the names and the contents of all recordings, by name: archives differ, what is in them does not."""

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TAKES = 50
RATE = 8000
OFFICIAL_TEST = range(5)
VALIDATION = range(5, 10)
"""The takes that follow the test's, of what is officially training data."""


class Digit(NamedTuple):
    """A digit, spoken."""

    digit: int
    speaker: str
    take: int
    audio: Audio


def find_fsdd(directory: str | None, download: bool) -> Path:
    """The archive or the folder of the recordings, fetched if need be.

    Raises:
        MissingData: there is none, and it was not to be, or could not be, downloaded.
        DamagedFile: what was downloaded is another archive.
    """
    return find_or_fetch(
        "fsdd",
        ["recordings.zip", "fsdd.zip", "recordings"],
        directory=directory,
        url=URL,
        sha256=ARCHIVE_SHA256,
        download=download,
        save_as="fsdd.zip",
    )


def read_fsdd(path: Path) -> list[Digit]:
    """All 3,000 recordings of an archive or a folder, by the names of their files.

    Raises:
        DamagedFile: it cannot be read, or has not the recordings of v1.0.10.
    """
    contents = dict(sorted(_contents(path).items()))
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(name.encode() + content)
    if digest.hexdigest() != SHA256:
        raise DamagedFile(
            f"{path} has {len(contents)} recordings with SHA-256 {digest.hexdigest()} (names and contents, by name), "
            f"expected the {len(SPEAKERS) * 10 * TAKES} of v1.0.10 with {SHA256}. Remove it and fetch it again, or get "
            f"that release from {SOURCE}."
        )
    return [parse(name, content, f"{path}: {name}") for name, content in contents.items()]


def parse(name: str, content: bytes, where: str) -> Digit:
    """The recording of a file that is called DIGIT_SPEAKER_TAKE.wav.

    Raises:
        DamagedFile: it is called otherwise, or is no wav.
    """
    digit, _, rest = name.removesuffix(".wav").partition("_")
    speaker, _, take = rest.rpartition("_")
    if not (digit.isdigit() and len(digit) == 1 and speaker and take.isdigit()):
        raise DamagedFile(f"{where} is not called DIGIT_SPEAKER_TAKE.wav, as 7_theo_12.wav.")
    return Digit(int(digit), speaker, int(take), read_wav(content, where))


def split_digits(digits: Iterable[Digit], split: str, speaker: str) -> dict[str, list[Digit]]:
    """Training, validation and test.

    Args:
        split: "official": takes 0 to 4 of everybody are the test, 5 to 9 validation; "speaker": everything that
            ``speaker`` says is the test, takes 0 to 4 of the others validation.

    Raises:
        UnknownName: no such split or speaker.
    """
    if split not in ("official", "speaker"):
        raise unknown("split", split, ("official", "speaker"))
    if speaker not in SPEAKERS:
        raise unknown("speaker", speaker, SPEAKERS)
    parts: dict[str, list[Digit]] = {name: [] for name in SPLITS}
    for one in digits:
        if split == "official":
            test, validation = one.take in OFFICIAL_TEST, one.take in VALIDATION
        else:
            test, validation = one.speaker == speaker, one.take in OFFICIAL_TEST
        parts["test" if test else "validation" if validation else "train"].append(one)
    return parts


def tones(takes: Sequence[int]) -> list[Digit]:
    """Sounds in place of speech, for trying out: each digit a pitch, each speaker and take a length of its own."""
    made = []
    for speaker in range(2):
        for digit in range(10):
            for take in takes:
                random = np.random.RandomState(1000 * speaker + 100 * digit + take)
                times = np.arange(RATE // 20 + random.randint(RATE // 20)) / RATE
                wave = 0.3 * np.sin(2 * np.pi * (300 + 320 * digit + 10 * speaker) * times)
                noise = 0.003 * random.standard_normal(len(times))
                made.append(Digit(digit, SPEAKERS[speaker], take, Audio((wave + noise).astype(np.float32), RATE)))
    return made


def _contents(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.glob("*.wav")}
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".wav")]
            return {PurePosixPath(name).name: archive.read(name) for name in names}
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DamagedFile(f"{path} cannot be read ({error}): truncated or damaged; remove it and fetch it.") from error
