"""The cache: built once for a key, again for another, again when damaged, and never half."""

import threading
import time

import numpy as np
import pytest

from rnnzoo.data._cache import cached, code_version, pack_strings, stamp, unpack_strings
from rnnzoo.data._files import cache_directory


class Builder:
    def __init__(self, value=0):
        self.value, self.calls = value, 0

    def __call__(self):
        self.calls += 1
        return {"a": np.arange(5) + self.value, "b": np.array([[1.5]], dtype=np.float32)}


def files():
    return [path for path in cache_directory().rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_the_same_key_is_built_once_and_read_back_equal():
    build = Builder()
    first, second = (cached("x", {"a": 1, "b": [2, None]}, build) for _ in range(2))
    assert build.calls == 1
    assert first.keys() == second.keys() == {"a", "b"}
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
        assert array.dtype == second[name].dtype


def test_another_key_or_name_is_built_again():
    build = Builder()
    for name, key in (("x", {"a": 1}), ("x", {"a": 2}), ("y", {"a": 1})):
        cached(name, key, build)
    assert build.calls == 3


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign"])
def test_a_damaged_file_is_built_again_and_says_so(damage, caplog):
    cached("x", {"a": 1}, Builder())
    (path,) = files()
    content = bytearray(path.read_bytes())
    if damage == "flip":
        place = bytes(content).index(np.arange(5).tobytes())
        content[place] ^= 255
    path.write_bytes({"truncate": content[:200], "flip": content, "empty": b"", "foreign": b"hello"}[damage])
    build = Builder()
    np.testing.assert_array_equal(cached("x", {"a": 1}, build)["a"], np.arange(5))
    assert build.calls == 1
    assert str(path) in caplog.text
    cached("x", {"a": 1}, build)
    assert build.calls == 1


def test_a_file_of_another_key_is_not_taken_for_this_one():
    cached("x", {"a": 1}, Builder(value=7))
    (one,) = files()
    cached("x", {"a": 2}, Builder())
    (two,) = set(files()) - {one}
    two.write_bytes(one.read_bytes())
    assert cached("x", {"a": 2}, Builder())["a"][0] == 0


def test_a_build_that_fails_leaves_no_file():
    def fails():
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        cached("x", {"a": 1}, fails)
    with pytest.raises(TypeError, match="a hold Python objects"):
        cached("x", {"a": 1}, lambda: {"a": np.array([object()])})
    assert files() == []


def test_several_at_once_build_once():
    build = Builder()

    def slow():
        time.sleep(0.1)
        return build()

    threads = [threading.Thread(target=cached, args=("x", {"a": 1}, slow)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.calls == 1


def test_strings_of_any_kind_come_back():
    strings = ["", "a", "naïve", "好。", "line\nbreak", "\x00", ""]
    assert unpack_strings(*pack_strings(strings)) == strings
    assert unpack_strings(*pack_strings([])) == []


def test_a_stamp_changes_with_what_it_stamps(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    path.parent.mkdir()
    path.write_text("one")
    before = stamp(path), stamp(path.parent)
    assert before == (stamp(path), stamp(path.parent))
    path.write_text("three")
    assert stamp(path) != before[0]
    assert stamp(path.parent) != before[1]


def test_the_version_of_code_changes_with_the_code():
    assert code_version(test_strings_of_any_kind_come_back) != code_version(test_several_at_once_build_once)
    assert code_version(str.split) != code_version(str.strip)
