import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = ("py.typed", "recipes/*.yaml", "bench/tables/*.yaml", "bench/templates/*", "pretrained/manifest.json")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names of the files in a wheel built from a copy of what git knows."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "copy" / name).write_bytes((ROOT / name).read_bytes())
    code = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    built = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=folder / "copy", capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = folder.glob("rnnzoo-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def in_the_package(pattern):
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "rnnzoo").glob(pattern) if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("pattern", DATA)
def test_the_wheel_has_every(names, pattern):
    expected = in_the_package(pattern)
    assert expected
    assert expected <= names


@pytest.mark.slow
def test_the_wheel_has_every_module_and_every_shipped_weight(names):
    assert in_the_package("**/*.py") <= names
    assert in_the_package("pretrained/weights/*/*") <= names


@pytest.mark.slow
def test_the_wheel_has_the_licence_and_nothing_else_of_the_checkout(names):
    assert any(name.endswith("LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"rnnzoo"}
