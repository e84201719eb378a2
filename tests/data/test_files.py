"""Finding, fetching and reading files: what is said when they are missing, and that bad ones do no harm."""

import hashlib
import io
import tarfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from rnnzoo.data import _files

CONTENT = b"once upon a time " * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/moved.txt":
            self.send_response(302)
            self.send_header("Location", "http://example.org/tale.txt")
            self.end_headers()
        else:
            time.sleep(0.1)
            super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    """The address of this machine's own server, whose file "tale.txt" is CONTENT."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "tale.txt").write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def find_or_fetch(**changes):
    settings = {"directory": None, "url": "https://example.org/tale.txt", "sha256": SHA256, "download": False}
    return _files.find_or_fetch("tales", ["tale.txt", "tales"], **{**settings, **changes})


def test_missing_data_says_where_it_looked_the_source_and_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path / "here"))
    with pytest.raises(_files.MissingData) as error:
        find_or_fetch()
    for part in (str(tmp_path / "here" / "tales"), "https://example.org/tale.txt", "curl --fail", "tale.txt or tales"):
        assert part in str(error.value)


def test_a_file_is_found_in_the_datasets_folder_or_beside_it_and_only_in_a_folder_that_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path))
    (tmp_path / "tale.txt").write_bytes(CONTENT)
    assert find_or_fetch() == tmp_path / "tale.txt"
    (tmp_path / "tales").mkdir()
    (tmp_path / "tales" / "tale.txt").write_bytes(CONTENT)
    assert find_or_fetch() == tmp_path / "tales" / "tale.txt"
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(_files.MissingData, match="elsewhere"):
        find_or_fetch(directory=tmp_path / "elsewhere")


def test_a_download_is_whole_and_found_the_next_time(served, monkeypatch):
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    path = find_or_fetch(url=f"{served}/tale.txt", download=True)
    assert path.read_bytes() == CONTENT
    assert find_or_fetch() == path


def test_a_wrong_checksum_leaves_nothing_behind(served, tmp_path):
    target = tmp_path / "new" / "tale.txt"
    with pytest.raises(_files.DamagedFile, match="not the file expected"):
        _files.fetch(f"{served}/tale.txt", target, "0" * 64)
    assert [path.name for path in target.parent.iterdir() if not path.name.endswith(".lock")] == []


def test_a_source_that_does_not_answer_is_missing_data(served, monkeypatch):
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    with pytest.raises(_files.MissingData, match=r"could not be downloaded.*404[\s\S]*curl"):
        find_or_fetch(url=f"{served}/tail.txt", download=True)


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/x", "file:///etc/hosts", "http://localhost.org/x"]
)
def test_only_https_is_fetched_from_elsewhere(url, tmp_path):
    with pytest.raises(ValueError, match="expected https"):
        _files.fetch(url, tmp_path / "x", SHA256)


def test_a_source_that_leads_to_plain_http_is_not_followed(served, tmp_path):
    with pytest.raises(_files.InsecureAddress, match=r"http://example\.org/tale\.txt; expected https"):
        _files.fetch(f"{served}/moved.txt", tmp_path / "moved.txt", SHA256)


def test_several_at_once_fetch_once(served, tmp_path):
    Quiet.asked.clear()
    target = tmp_path / "new" / "tale.txt"
    threads = [threading.Thread(target=_files.fetch, args=(f"{served}/tale.txt", target, SHA256)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == CONTENT
    assert Quiet.asked == ["/tale.txt"]


def test_what_a_killed_download_left_is_neither_read_nor_kept(served, tmp_path):
    half = tmp_path / ".tale.txt.part" / "tmp123"
    half.parent.mkdir()
    half.write_bytes(CONTENT[:100])
    assert _files.find([tmp_path], ["tale.txt"]) is None
    assert _files.fetch(f"{served}/tale.txt", tmp_path / "tale.txt", SHA256).read_bytes() == CONTENT
    assert not half.parent.exists()


def archive(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def link(kind):
    info = tarfile.TarInfo("innocent.txt")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../escaped.txt"),
        tarfile.TarInfo("a/../../escaped.txt"),
        tarfile.TarInfo("/tmp/escaped.txt"),
        link(tarfile.SYMTYPE),
        link(tarfile.LNKTYPE),
        link(tarfile.FIFOTYPE),
    ],
    ids=["parent", "hidden parent", "absolute", "symlink", "hardlink", "fifo"],
)
def test_a_member_that_leads_out_of_the_archive_is_refused(member, tmp_path):
    path = archive(tmp_path / "bad.tar.gz", [(tarfile.TarInfo("good.txt"), b"good"), (member, b"")])
    with pytest.raises(_files.DamagedFile, match="leads out of the archive"):
        list(_files.archive_members(path))


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w"])
def test_members_come_whole_from_every_compression(mode, tmp_path):
    members = [(tarfile.TarInfo(f"folder/{i}.txt"), CONTENT[i:]) for i in range(3)]
    path = archive(tmp_path / "a.tar", members, mode)
    assert list(_files.archive_members(path)) == [(info.name, content) for info, content in members]


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w"])
def test_a_truncated_archive_is_said_to_be(mode, tmp_path):
    path = archive(tmp_path / "a.tar", [(tarfile.TarInfo("a.txt"), CONTENT)], mode)
    path.write_bytes(path.read_bytes()[: 100 if mode != "w" else 5000])
    with pytest.raises(_files.DamagedFile, match="truncated or damaged"):
        list(_files.archive_members(path))


def test_another_checksum_names_both(tmp_path):
    (tmp_path / "tale.txt").write_bytes(CONTENT)
    _files.check_sha256(tmp_path / "tale.txt", SHA256)
    with pytest.raises(_files.DamagedFile, match=f"{SHA256}, expected 000"):
        _files.check_sha256(tmp_path / "tale.txt", "0" * 64)


def test_a_folder_that_cannot_be_written_says_which_setting_changes_it(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="set RNNZOO_CACHE"):
        _files.locked(tmp_path / "file" / "x")
