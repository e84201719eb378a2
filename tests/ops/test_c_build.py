"""Native code is built once and kept, loaded whole or not at all, and done without where it cannot be built."""

import _ctypes
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from gated_examples import EXAMPLES
from tolerances import close

import rnnzoo
from rnnzoo.ops import _c_build
from rnnzoo.ops._c_build import CannotBuild, library
from rnnzoo.ops._c_check import SUMMED, _example
from rnnzoo.ops._c_gated import find_kernel
from rnnzoo.ops._c_scan import find_scan
from rnnzoo.ops._gated_plan import Plan
from rnnzoo.ops.backends import BackendError

ROOT = Path(__file__).resolve().parents[2]
SEVEN = '#include "recurrence.h"\nint seven(void) { return 7; }\n'
pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler")


def forget():
    """As a process that has built nothing yet."""
    for cached in (_c_build.compiler, _c_build._made_by, _c_build.tell_once, library, find_kernel, find_scan):
        cached.cache_clear()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder that is not there yet, and a process that knows nothing."""
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path / "not" / "there"))
    monkeypatch.delenv("RNNZOO_NATIVE", raising=False)
    forget()
    yield tmp_path / "not" / "there" / "native"
    monkeypatch.undo()
    forget()


def counting_compiler(tmp_path):
    """A compiler that notes each library it makes, slowly enough for others to come in."""
    real, log, script = shutil.which("cc") or shutil.which("gcc"), tmp_path / "calls", tmp_path / "counting cc"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *-shared*) echo >> "{log}"; sleep 0.3;; esac\nexec {real} "$@"\n', encoding="utf-8"
    )
    script.chmod(0o755)
    return f"'{script}'", lambda: len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def libraries(cache):
    return sorted(cache.glob("*.so"))


def falls_back(match):
    """Everything runs with the same numbers, the reason is told once, and forced it is the error."""
    calls = [EXAMPLES[name](2, 3)[1] for name in ("peephole", "gru")]
    expected = [call(None, "reference") for call in calls]
    with pytest.warns(UserWarning, match=match) as told:
        found = [call(None, None) for call in (*calls, *calls)]
    close(found, [*expected, *expected])
    assert len(told) == 1, [str(each.message) for each in told]
    with pytest.raises(BackendError, match=match):
        calls[0](None, "c")


def test_built_once_and_found_again(cache, tmp_path, monkeypatch):
    command, calls = counting_compiler(tmp_path)
    monkeypatch.setenv("CC", command)
    assert library(SEVEN, torch.float32).seven() == 7
    forget()
    assert library(SEVEN, torch.float32).seven() == 7
    assert calls() == len(libraries(cache)) == 1
    library(SEVEN, torch.float64)
    assert calls() == len(libraries(cache)) == 2
    assert not list(cache.glob("tmp*")), "scratch folders are left"


def test_compiler_may_come_with_options(cache, monkeypatch):
    monkeypatch.setenv("CC", "cc -DEIGHT=8")
    assert library("int eight(void) { return EIGHT; }", torch.float32).eight() == 8


def test_cache_folders(monkeypatch):
    monkeypatch.setenv("RNNZOO_CACHE", "~/here")
    assert _c_build.folder() == Path.home() / "here" / "native"
    monkeypatch.delenv("RNNZOO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/there")
    assert _c_build.folder() == Path("/there/rnnzoo/native")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert _c_build.folder() == Path.home() / ".cache" / "rnnzoo" / "native"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path, whole: path.write_bytes(whole[: len(whole) // 2]),
        lambda path, whole: path.write_bytes(b""),
        lambda path, whole: path.write_bytes(whole[:-8] + b"\0" * 8 + b"more"),
        lambda path, whole: (path.write_bytes(whole), path.with_name(f"{path.name}.sha256").unlink()),
        lambda path, whole: (path.write_bytes(whole), path.with_name(f"{path.name}.sha256").write_text("0" * 32)),
    ],
    ids=["half", "empty", "other bytes", "no checksum", "half a checksum"],
)
def test_a_file_that_is_not_what_was_built_is_told_and_built_again(spoil, cache):
    built = library(SEVEN, torch.float32)
    path = Path(built._name)
    whole = path.read_bytes()
    _ctypes.dlclose(built._handle)  # or the loader would give the same one again
    path.unlink()
    spoil(path, whole)
    forget()
    with pytest.warns(UserWarning, match="is not what was built"):
        again = library(SEVEN, torch.float32)
    assert again.seven() == 7
    assert path.stat().st_size == len(whole)
    _ctypes.dlclose(again._handle)


def test_half_an_object_file_is_built_again(cache):
    library(SEVEN, torch.float32)
    (product,) = cache.glob("product-*.o")
    product.write_bytes(product.read_bytes()[:100])
    forget()
    with pytest.warns(UserWarning, match="is not what was built"):
        assert library(SEVEN.replace("seven", "other"), torch.float32).other() == 7


def test_another_processor_or_compiler_has_a_library_of_its_own(cache, monkeypatch):
    library(SEVEN, torch.float32)
    forget()
    monkeypatch.setattr(_c_build, "_lines", lambda path: ["model name: another", "flags: none"])
    library(SEVEN, torch.float32)
    forget()
    monkeypatch.setenv("CC", "cc -DANOTHER")
    library(SEVEN, torch.float32)
    assert len(libraries(cache)) == 3


def test_two_processes_at_once_build_once(cache, tmp_path, monkeypatch):
    command, calls = counting_compiler(tmp_path)
    monkeypatch.setenv("CC", command)
    code = (
        "import sys, time, pathlib, torch; from rnnzoo.ops._c_build import library\n"
        f"here = pathlib.Path({str(tmp_path)!r}); (here / sys.argv[1]).touch()\n"
        "while not all((here / name).exists() for name in '01'): time.sleep(0.005)\n"
        f"print(library({SEVEN!r}, torch.float32).seven())"
    )
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code, name], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in "01"
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in started] == ["7", "7"]
    assert calls() == len(libraries(cache)) == 1


def test_threads_at_once_build_once(cache, tmp_path, monkeypatch):
    command, calls = counting_compiler(tmp_path)
    monkeypatch.setenv("CC", command)
    found, start = [], threading.Barrier(4)

    def build():
        start.wait()
        found.append(library(SEVEN, torch.float32).seven())

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 4
    assert calls() == 1


@pytest.mark.parametrize("named", ["/nonexistent", "/nonexistent/cc -O2"])
def test_no_compiler(named, cache, monkeypatch):
    monkeypatch.setenv("CC", named)
    falls_back("no C compiler was found .*nonexistent")


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("#!/bin/sh\necho no licence >&2\nexit 3\n", r"failed \(3\): no licence"),
        ("#!/bin/sh\nexit 0\n", "made nothing"),
        ('#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = -o ] && echo junk > "$2"; shift; done\n', "native: "),
        ("junk without a head", "does not run"),
    ],
    ids=["fails", "makes nothing", "makes junk", "is none"],
)
def test_a_compiler_that_fails(script, match, cache, tmp_path, monkeypatch):
    (tmp_path / "cc").write_text(script, encoding="utf-8")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    if match == "native: ":
        with pytest.raises(CannotBuild, match=match):
            library(SEVEN, torch.float32)
    else:
        falls_back(match)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that nobody can write to")
def test_nowhere_to_write(cache, monkeypatch):
    monkeypatch.setenv("RNNZOO_CACHE", "/proc/rnnzoo")
    falls_back("/proc/rnnzoo/native: No such file")


def test_cache_is_a_file(cache, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path / "file"))
    falls_back("file/native: Not a directory")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o555)
    falls_back("Permission denied")


def test_what_is_built_loads_where_nothing_can_be_written(cache, monkeypatch):
    call = EXAMPLES["gru"](2, 3)[1]
    call(None, "c")
    before = sorted(path.stat().st_mtime_ns for path in cache.iterdir())
    forget()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    for module, name in ((os, "replace"), (os, "mkdir"), (os, "open")):
        monkeypatch.setattr(module, name, refuse)
    call(None, "c")
    monkeypatch.undo()
    assert sorted(path.stat().st_mtime_ns for path in cache.iterdir()) == before


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("return e / (e + (REAL)2);", "return e / (e + (REAL)2.05);"),
        ("return e / (e + (REAL)2);", "return x < (REAL)-0.3 ? (REAL)0 : e / (e + (REAL)2);"),
        ("return (REAL)1 / ((REAL)1 + exp_(-x));", "return (REAL)1 / ((REAL)1 + exp_(-x)) / (x - x);"),
    ],
    ids=["everywhere", "below zero", "not a number"],
)
def test_code_that_differs_from_the_reference_is_not_used(right, wrong, cache, tmp_path, monkeypatch):
    shutil.copytree(_c_build.CODE, tmp_path / "c")
    header = tmp_path / "c" / "recurrence.h"
    text = header.read_text("utf-8")
    assert right in text
    header.write_text(text.replace(right, wrong), encoding="utf-8")
    monkeypatch.setattr(_c_build, "CODE", tmp_path / "c")
    call = EXAMPLES["gru"](2, 3)[1]
    with pytest.warns(UserWarning, match="differs from the reference"):
        close(call(None, None), call(None, "reference"))
    with pytest.raises(BackendError, match="differs from the reference"):
        call(None, "c")


def test_switched_off_nothing_is_built_or_said(cache, monkeypatch, recwarn):
    monkeypatch.setenv("RNNZOO_NATIVE", "0")
    call = EXAMPLES["gru"](2, 3)[1]
    close(call(None, None), call(None, "reference"))
    with pytest.raises(BackendError, match="RNNZOO_NATIVE=0"):
        call(None, "c")
    assert not cache.exists()
    assert not recwarn.list


def test_a_switch_in_no_known_position(cache, monkeypatch):
    monkeypatch.setenv("RNNZOO_NATIVE", "no")
    with pytest.raises(ValueError, match=r"RNNZOO_NATIVE: expected 0 .* got 'no'"):
        EXAMPLES["gru"](2, 3)[1](None, None)


def test_making_a_layer_builds_nothing_and_warns_of_nothing(tmp_path):
    code = (
        "import sys, rnnzoo; assert 'torch' not in sys.modules; rnnzoo.GRU(2, 3); rnnzoo.create_layer('mingru', 2, 3);"
        "assert 'rnnzoo.ops._c_check' not in sys.modules"
    )
    given = {**os.environ, "RNNZOO_CACHE": str(tmp_path / "cache"), "CC": "/nonexistent"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, env=given, check=True)
    assert not (tmp_path / "cache").exists()


def test_what_wide_products_are_compared_on_adds_up_to_no_more_than_in_narrow_ones():
    """Else differences of rounding would grow from step to step, and a wide reservoir run without native code."""
    structure = rnnzoo.ESN(2, 400).cells[0].structure()
    _, _, weights, *_ = _example(Plan(*structure), torch.float32, 0.1)
    assert max(float(weight.detach().abs().sum(1).max()) for weight in weights if weight is not None) <= SUMMED
