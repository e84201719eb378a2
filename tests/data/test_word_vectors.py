"""Pretrained word vectors: every form of the file gives the same, what is broken is named with its line."""

import gzip
import hashlib
import ssl
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from rnnzoo.data import text
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.sst2 import Sst2
from rnnzoo.data.text import load_vectors

LINES = ["the 0.5 -1 2e-3", "Film 1 2 3", "film 4 5 6", "caf\u00e9 7 8 9", "[pad] 1 1 1", "zebra 0 0 1", ". . 3 2 1"]
WORDS = ["[PAD]", "[UNK]", "the", "Film", "FILM", "caf\u00e9", "unheard", ""]
VALUES = [[0.5, -1, 0.002], [1, 2, 3], [4, 5, 6], [7, 8, 9]]


def write(path, lines=LINES):
    content = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", content)
            archive.writestr("b.txt", b"the 1 1\n")
        return f"{path}/a.txt"
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


@pytest.mark.parametrize("name", ["v.txt", "v.vec.gz", "v.zip"])
@pytest.mark.parametrize("header", [[], ["7 3"]])
def test_every_form_of_the_file_gives_each_word_its_vector_or_that_of_its_lower_case(tmp_path, name, header):
    found = load_vectors(write(tmp_path / name, header + LINES), WORDS)
    assert found["known"].tolist() == [False, False, True, True, True, True, False, False]
    np.testing.assert_allclose(found["values"][2:6], VALUES)
    assert found["values"].shape == (8, 3)
    assert not found["values"][6:].any()


def test_a_file_is_read_once_for_a_vocabulary_and_again_when_it_changes(tmp_path, monkeypatch):
    calls, read = [], text._read_vectors
    monkeypatch.setattr(text, "code_version", lambda *_: "fixed")
    monkeypatch.setattr(text, "_read_vectors", lambda *given: calls.append(1) or read(*given))
    path = write(tmp_path / "v.txt")
    first, second = load_vectors(path, WORDS), load_vectors(path, WORDS)
    assert all((first[name] == second[name]).all() for name in first)
    assert len(calls) == 1
    load_vectors(path, ["the"])
    write(tmp_path / "v.txt", ["the 1 1 1"])
    assert load_vectors(path, WORDS)["values"][2].tolist() == [1, 1, 1]
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("film 4 5", r"line 3: 2 numbers behind the word, and the file is to have 3"),
        ("film 4 5 6 7", r"line 3: 4 numbers behind the word, and the file is to have 3"),
        ("film 4 five 6", r"line 3: the vector of 'film' has something else than finite numbers"),
        ("film 4 nan 6", r"line 3: the vector of 'film' has something else than finite numbers"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, message):
    with pytest.raises(DamagedFile, match=rf"v\.txt, {message}"):
        load_vectors(write(tmp_path / "v.txt", [*LINES[:2], line, *LINES[3:]]), ["film"])


def test_a_header_says_the_width(tmp_path):
    with pytest.raises(DamagedFile, match="line 2: 3 numbers behind the word, and the file is to have 4"):
        load_vectors(write(tmp_path / "v.txt", ["7 4", *LINES]), ["film"])


def test_a_file_cut_short_is_named(tmp_path):
    path = tmp_path / "v.vec.gz"
    write(path)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DamagedFile, match="cannot be read behind line"):
        load_vectors(str(path), WORDS)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(MissingData, match=r"no word vectors .*v\.txt"):
        load_vectors(str(tmp_path / "v.txt"), WORDS)
    write(tmp_path / "v.zip")
    with pytest.raises(MissingData, match=r"holds a\.txt, b\.txt; say which of them: .*v\.zip/a\.txt"):
        load_vectors(str(tmp_path / "v.zip"), WORDS)
    with pytest.raises(ValueError, match="none of the 1 words has a vector in"):
        load_vectors(write(tmp_path / "v.txt"), ["unheard"])


def test_reading_leaves_the_processs_certificates_checked(tmp_path):
    before = ssl._create_default_https_context
    load_vectors(write(tmp_path / "v.txt"), WORDS)
    assert ssl._create_default_https_context is before


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_an_address_is_fetched_once_and_only_with_the_checksum_it_says(tmp_path):
    write(tmp_path / "v.zip")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/v.zip/a.txt"
    digest = hashlib.sha256((tmp_path / "v.zip").read_bytes()).hexdigest()
    try:
        with pytest.raises(ValueError, match=r"without a checksum; expected .*v\.zip#sha256="):
            load_vectors(address, WORDS)
        with pytest.raises(DamagedFile, match="not the file expected"):
            load_vectors(f"{address}#sha256={'0' * 64}", WORDS)
        found = load_vectors(f"{address}#sha256={digest}", WORDS)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    np.testing.assert_allclose(found["values"][2:6], VALUES)
    again = load_vectors(f"{address}#sha256={digest}", WORDS)  # there is no server any more
    assert (again["values"] == found["values"]).all()


def test_a_dataset_tells_the_share_of_its_training_tokens_that_have_a_vector(tmp_path):
    data = Sst2.tiny()
    vocabulary = data.codec_state()["vocabulary"]
    vectors = data.word_vectors(write(tmp_path / "v.txt"))
    assert [word for word, known in zip(vocabulary, vectors.known, strict=True) if known] == ["film"]
    tokens = [token for sentence in data._given.splits["train"].texts for token in sentence.split(" ")]
    assert vectors.share == tokens.count("film") / len(tokens)
    assert vectors.values[vocabulary.index("film")].tolist() == [4, 5, 6]
