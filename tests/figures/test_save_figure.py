"""A picture's file is whole or not there."""

import os
from pathlib import Path

import pytest

from rnnzoo.figures import Curve, accuracy_against_length, save_figure

MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.fixture
def figure():
    return accuracy_against_length([Curve("lstm", (1, 2), (0.5, 0.6))])


@pytest.mark.parametrize("suffix", MAGIC)
def test_the_name_says_the_format_and_folders_are_made(tmp_path, figure, suffix):
    path = tmp_path / "a" / "b" / f"picture{suffix}"
    assert save_figure(figure, path) == path
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert os.listdir(path.parent) == [path.name]


def test_a_failure_leaves_the_file_that_was_there_and_nothing_else(tmp_path, figure, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")

    def half(file, **options):
        Path(file).write_bytes(b"\x89PN")
        raise OSError("no space left")

    monkeypatch.setattr(figure.canvas, "print_png", half)
    with pytest.raises(OSError, match="no space"):
        save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["picture.png"]


def test_another_format_or_a_folder_is_refused(tmp_path, figure):
    with pytest.raises(ValueError, match=r"'.jpg'; expected .png, .pdf, .svg"):
        save_figure(figure, tmp_path / "picture.jpg")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save_figure(figure, tmp_path / "folder.png")
