"""The official files of the Song dynasty's ci poems: where they are, and what is in them."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from rnnzoo.data import _files

SOURCE = "https://github.com/chinese-poetry/chinese-poetry"
URL = f"https://raw.githubusercontent.com/chinese-poetry/chinese-poetry/master/{quote('宋词')}/"
SHA256 = {
    0: "7761bc5ef50305753ea3dcea9e1ef3164e153e3ee366169e9c5a9a7d85b21b22",
    1000: "5f79a2d9011e6d414f04e51176c5d4f4c762fd784dce98b035968367b6f2ef4e",
    2000: "f700d8e14df62d371dfba7ce18bf1641c304540907b26b68d356c4b6b256fe8d",
    3000: "1791391a8a2ca855e133f7ea48bf0c104b3890d628ae2929f9378960a66c1427",
    4000: "48c3e33bab920e17929ea08300c4c5ca72b246669ed5767e5cb985d894514150",
    5000: "1e10ee4be18e225c2efa0bb8d58691ebb6d40cd83588f308d9635a37392bdadd",
    6000: "8ff2b21b4e92a435f72da04fcb935a6a3498e839cde5c837ea418871f133c248",
    7000: "8fe3f7ac40ab7d6c80cdd42305e848c1dc51cff26bc42b335ddfdfaccd48d1ba",
    8000: "8d9c26a4aa62264d2eea853944e47a1420dd94e7465bee7c3e52cec2cf8bd653",
    9000: "bd6a4d90b17ef195f32e38dfa483b0d39d671db3cdd5b462b292aac6916f26a6",
    10000: "8d37b015132bf9776fb41c44d445572d2cd9bf5e250dde213596c480e5962545",
    11000: "9a4f5082638f82339afbde99f1af7bae1719207f77d5516cb8f6d370c9c1d0c9",
    12000: "a89094fed6b3003c171a9036052ff6a289367b4dd68d97c000b5f5e90ea2df2f",
    13000: "dd51b268dec508d44a18e2d4a84edd109ff8c532b6eace4160ea88674f62515c",
    14000: "9d7410bcaebc31685e3d999c6af218a3583fd8e9f57cacf640c66607121e2dbf",
    15000: "5e441c85494955290138ed8561decb3f302d3628fe390cea3477e1d446039525",
    16000: "d003d66c58e40fab1d2a40f17f6149eef53a126c7e54b035153ceae4fe707742",
    17000: "b46b9f908b5bb0a3b4dd18f268c233a50b8b794d6ab1ec79afcb3612792f0574",
    18000: "751cf8ee2a925f4957d010e6f4bf46cc9e0a90a176cfb731185ba43ecb72b14b",
    19000: "c6becb6a81cc04e25564f501ff768482b6c328d976c48e2003c8b8bd94ef4612",
    20000: "1dfc08051969ab2ecdfa3eea8b29bf79d3dfe9ad1133127f25f622c2b14348c2",
    21000: "3344ba453ae7840339944ce29e4295b5b668d79f79210a99e6e1a58ee874dbc5",
}
"""The number in each file's name, and the SHA-256 of the file, unpacked."""


class Poem(NamedTuple):
    """A poem and the name of the tune that it is written to."""

    tune: str
    lines: list[str]  # without white space


def find_poems(directory: str | None, download: bool) -> list[Path]:
    """The files ``ci.song.N.json``, or each packed as .gz, in the order of their numbers; fetched if need be.

    Raises:
        MissingData: one is nowhere and was not to be, or could not be, downloaded.
        DamagedFile: what was downloaded is not the official file.
    """
    return [
        _files.find_or_fetch(
            "chinese_ci_poems",
            [f"ci.song.{number}.json", f"ci.song.{number}.json.gz"],
            directory=directory,
            url=f"{URL}ci.song.{number}.json",
            sha256=sha256,
            download=download,
        )
        for number, sha256 in SHA256.items()
    ]


def read_poems(files: list[Path]) -> list[Poem]:
    """All poems that have a line, in the order of the files.

    Raises:
        DamagedFile: a file is another than the official one, or no list of poems; says which, and the poem's number.
    """
    poems = []
    for path, expected in zip(files, SHA256.values(), strict=True):
        content = path.read_bytes()
        if path.suffix == ".gz":
            try:
                content = gzip.decompress(content)
            except (OSError, EOFError, zlib.error) as error:
                raise _files.DamagedFile(
                    f"{path} cannot be unpacked ({error}); remove it and fetch it again."
                ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise _files.DamagedFile(
                f"{path} has, unpacked, the SHA-256 {found}, expected {expected}: it is truncated, or another file. "
                "Remove it and fetch it again."
            )
        for number, record in enumerate(json.loads(content), start=1):
            tune, lines = record.get("rhythmic"), record.get("paragraphs")
            if not isinstance(tune, str) or not isinstance(lines, list) or not all(isinstance(x, str) for x in lines):
                raise _files.DamagedFile(
                    f"{path}, poem {number}: expected the tune's name as 'rhythmic' and a list of lines 'paragraphs'."
                )
            kept = [line for line in ("".join(line.split()) for line in lines) if line]
            if kept:
                poems.append(Poem(tune, kept))
    return poems
