"""Reading pretrained word vectors: GloVe's and fastText's text format, a word and its numbers on each line.

A first line of two whole numbers, how many words and how wide, is fastText's. GloVe's words may have blanks within.

Sources: J. Pennington, R. Socher, C. D. Manning, "GloVe: Global Vectors for Word Representation", EMNLP 2014;
P. Bojanowski, E. Grave, A. Joulin, T. Mikolov, "Enriching Word Vectors with Subword Information", TACL 2017.
"""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urldefrag, urlsplit

from rnnzoo.data._files import DamagedFile, MissingData, cache_directory, fetch

ARCHIVE = ".zip"


def locate(source: str) -> tuple[Path, str]:
    """The file at ``source``, fetched if it is an address, and the member of it (a zip archive has some), or "".

    Args:
        source: a path or an https address of a text file, also with .gz; or of a zip archive, a slash, and which of
            its files: "glove.6B.zip/glove.6B.100d.txt". An address ends in "#sha256=" and the file's checksum.

    Raises:
        MissingData: there is no such file.
        ValueError: an address without a checksum.
        DamagedFile: what was downloaded has another one.
    """
    address, mark = urldefrag(source) if "://" in source else (source, "")
    place, archive, member = address.partition(ARCHIVE + "/")
    place += ARCHIVE * bool(archive)
    if "://" not in source:
        path = Path(place).expanduser()
        if not path.is_file():
            raise MissingData(f"there are no word vectors {path} (looked for {path.absolute()}); give a file's path.")
        return path, member
    if not mark.startswith("sha256="):
        raise ValueError(
            f"{source} is an address without a checksum; expected {place}#sha256=... (`sha256sum FILE`), so that what "
            "is downloaded is what was meant."
        )
    name = PurePosixPath(urlsplit(place).path).name
    return fetch(place, cache_directory() / "downloads" / "vectors" / name, mark.removeprefix("sha256=")), member


def lines_of(path: Path, member: str, wanted: Container[str]) -> Iterator[tuple[str, list[bytes]]]:
    """The words that are ``wanted`` and their numbers, as they stand there, of which each is one and finite.

    Of the other lines only the width is looked at.

    Raises:
        MissingData: the archive has no such file.
        DamagedFile: a line that is not as wide as the first, or has something else than numbers; a file that is cut
            short. Says which line.
    """
    where = f"{path}/{member}" if member else str(path)
    width = None
    number = 0
    try:
        with _opened(path, member) as file:
            for number, line in enumerate(file, start=1):
                fields = line.rstrip().split(b" ")
                if not line.strip():
                    continue
                if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
                    width = int(fields[1])
                    continue
                width = len(fields) - 1 if width is None else width
                if width < 2 or len(fields) <= width or (len(fields) > width + 1 and _are_numbers(fields[1:])):
                    raise DamagedFile(
                        f"{where}, line {number}: {len(fields) - 1} numbers behind the word, and the file is to have "
                        f"{max(width, 2)}; expected a word and as many numbers on each line, single blanks between."
                    )
                word = b" ".join(fields[:-width]).decode(errors="replace")
                if word in wanted:
                    if not _are_numbers(fields[-width:]):
                        raise DamagedFile(
                            f"{where}, line {number}: the vector of {word!r:.40} has something else than finite "
                            "numbers; remove the file and fetch it again."
                        )
                    yield word, fields[-width:]
    except MissingData:
        raise
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DamagedFile(
            f"{where} cannot be read behind line {number} ({error}): it is truncated or damaged."
        ) from error


def _are_numbers(fields: list[bytes]) -> bool:
    try:
        return all(math.isfinite(float(field)) for field in fields)
    except ValueError:
        return False


@contextmanager
def _opened(path: Path, member: str) -> Iterator[IO[bytes]]:
    """The text's bytes."""
    if path.suffix == ARCHIVE:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if member not in names and (member or len(names) != 1):
                raise MissingData(f"{path} holds {', '.join(names)}; say which of them: {path}/{names[0]}.")
            with archive.open(member or names[0]) as file:
                yield file
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            yield file  # type: ignore[misc]
    else:
        with open(path, "rb") as file:
            yield file
