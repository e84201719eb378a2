"""Finding the files of a dataset, fetching them from the official source, and reading archives that may be hostile."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any
from urllib.parse import urljoin, urlsplit

import pooch
from filelock import FileLock
from requests import Response
from requests.exceptions import RequestException

LOCAL = ("localhost", "127.0.0.1", "::1")


class MissingData(FileNotFoundError):
    """A dataset's files are nowhere; the message says where they were looked for and how to get them."""


class InsecureAddress(ValueError):
    """An address, or one that it leads to, is neither https nor this machine's own."""


class DamagedFile(ValueError):
    """A file that is there but is truncated, has the wrong checksum, or holds what no such file should."""


def cache_directory() -> Path:
    """Where downloads and encoded data are kept: ``$RNNZOO_CACHE``, else the user's cache folder."""
    return Path(os.environ.get("RNNZOO_CACHE") or pooch.os_cache("rnnzoo")).expanduser()


def places(name: str, directory: str | os.PathLike[str] | None) -> list[Path]:
    """Where the files of dataset ``name`` may be: in ``directory`` alone if given, else $RNNZOO_DATA and the cache."""
    if directory is not None:
        roots = [Path(directory).expanduser()]
    else:
        named = os.environ.get("RNNZOO_DATA")
        roots = [*([Path(named).expanduser()] if named else []), cache_directory() / "downloads"]
    return [place for root in roots for place in (root / name, root)]


def check_is_file(path: Path) -> None:
    """Refuse the path of no file.

    Raises:
        MissingData: as said.
    """
    if not path.is_file():
        raise MissingData(
            f"there is no file {path} (looked for {path.absolute()}); give the path of a file that exists."
        )


def find(where: Sequence[Path], filenames: Sequence[str]) -> Path | None:
    """The first of ``filenames`` (files or folders) in the first of the places that has one."""
    for place in where:
        for filename in filenames:
            if (place / filename).exists():
                return place / filename
    return None


def find_or_fetch(
    name: str,
    filenames: Sequence[str],
    *,
    directory: str | os.PathLike[str] | None,
    url: str,
    sha256: str,
    download: bool,
    save_as: str | None = None,
) -> Path:
    """One of the dataset's files, fetched from ``url`` if there is none (into ``directory``, else the cache).

    What is fetched is called as the address ends, or ``save_as``, which may begin with folders.

    Raises:
        MissingData: there is none, and it was not to be, or could not be, downloaded.
        DamagedFile: what was downloaded is not the official file.
    """
    where = places(name, directory)
    found = find(where, filenames)
    if found is not None:
        return found
    folder = where[0] if directory is not None else cache_directory() / "downloads" / name
    target = folder / (save_as or PurePosixPath(urlsplit(url).path).name)
    advice = (
        f"no {' or '.join(filenames)} in {', '.join(map(str, where))}.\n"
        f"The official source is {url}. To fetch it by hand:\n"
        f"  curl --fail --location --create-dirs --output {quote(str(target))} {quote(url)}\n"
        "or set RNNZOO_DATA to the folder that holds it."
    )
    if not download:
        raise MissingData(f"dataset '{name}': {advice}")
    try:
        return fetch(url, target, sha256)
    except RequestException as error:
        raise MissingData(f"dataset '{name}' could not be downloaded ({error}); {advice}") from error


def find_or_fetch_all(
    name: str, files: Mapping[str, str], *, directory: str | os.PathLike[str] | None, url: str, download: bool
) -> dict[str, Path]:
    """A dataset's files by their names, each checked; those that are not there are fetched.

    Args:
        name: the dataset's.
        files: the SHA-256 of each file by its name below ``url`` and below the dataset's folder.
        directory, download: as ``find_or_fetch`` says.
        url: the address of the folder that has them.

    Raises:
        MissingData: as ``find_or_fetch``.
        DamagedFile: a file has another checksum.
    """
    found = {}
    for file, sha256 in files.items():
        found[file] = find_or_fetch(
            name, [file], directory=directory, url=f"{url}/{file}", sha256=sha256, download=download, save_as=file
        )
        check_sha256(found[file], sha256)
    return found


def fetch(url: str, target: Path, sha256: str) -> Path:
    """Download ``url`` to ``target`` under a file lock; the file appears there whole and checked, or not at all.

    Raises:
        InsecureAddress: the address, or one that it leads to, is neither https nor this machine's own.
        DamagedFile: what came has another checksum.
    """
    _check_address(url)
    with locked(target):
        if target.exists() and sha256_of(target) == sha256:
            return target
        downloader = pooch.HTTPDownloader(
            progressbar=sys.stderr.isatty(), timeout=60, hooks={"response": _check_redirection}
        )
        aside = target.with_name(f".{target.name}.part")  # a folder: a killed download leaves a file of any name
        shutil.rmtree(aside, ignore_errors=True)
        try:
            came = pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=aside, downloader=downloader)
            with open(came, "rb") as file:
                os.fsync(file.fileno())
            os.replace(came, target)
        except InsecureAddress:
            raise
        except ValueError as error:  # pooch's word for a wrong checksum; nothing has been kept
            raise DamagedFile(
                f"what {url} sent is not the file expected: {error} Nothing was kept; try again."
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return target


def _check_address(url: str) -> None:
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOCAL):
        raise InsecureAddress(f"the address is {url}; expected https (plain http only from this machine itself).")


def _check_redirection(response: Response, *_: Any, **__: Any) -> None:
    if response.is_redirect:
        _check_address(urljoin(response.url, response.headers["location"]))


def locked(path: Path) -> FileLock:
    """A lock between processes for writing ``path``; makes the folder.

    Raises:
        OSError: the folder can't be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"cannot write to {path.parent} ({error}); set RNNZOO_CACHE to one you can write.") from error
    return FileLock(path.with_name(path.name + ".lock"))


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_sha256(path: Path, expected: str) -> None:
    """Compare a file with its known checksum.

    Raises:
        DamagedFile: it differs.
    """
    found = sha256_of(path)
    if found != expected:
        raise DamagedFile(
            f"{path} ({path.stat().st_size} bytes) has SHA-256 {found}, expected {expected}: it is truncated, or "
            "another file. Remove it and fetch it again."
        )


def archive_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name and content of every regular file of a tar archive, streamed; nothing is written to disk.

    Raises:
        DamagedFile: the archive is truncated or damaged, or has a member that leads out of it (an absolute name,
            "..", a link, a device).
    """
    size = path.stat().st_size
    try:
        with open(path, "rb") as file, tarfile.open(fileobj=file, mode="r|*") as archive:
            for member in archive:
                parts = PurePosixPath(member.name)
                if parts.is_absolute() or ".." in parts.parts or not (member.isfile() or member.isdir()):
                    raise DamagedFile(
                        f"{path} has the member {member.name!r}: a link, a device or a name that leads out of the "
                        "archive. The official file has none; remove this one and fetch it again."
                    )
                content = archive.extractfile(member)
                if content is not None:
                    yield member.name, content.read()
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise DamagedFile(
            f"{path} ({size} bytes) cannot be read to its end ({error}): it is truncated or damaged. "
            "Remove it and fetch it again."
        ) from error
