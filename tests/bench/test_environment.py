"""Rows go where they should, and quick ones never into the measured results."""

import subprocess

from rnnzoo.bench.environment import commit, default_results, package_folder, versions


def test_a_checkout_takes_its_rows_to_benchmarks_results_from_any_folder_in_it(tmp_path):
    for name in (".git", "benchmarks", "rnnzoo", "docs/deep"):
        (tmp_path / name).mkdir(parents=True)
    for start in (tmp_path, tmp_path / "docs" / "deep"):
        assert default_results(start=start) == tmp_path / "benchmarks" / "results"
        assert default_results(quick=True, start=start) == start / "rnnzoo-quick"


def test_elsewhere_rows_stay_in_the_working_folder(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    assert default_results(start=tmp_path) == tmp_path / "rnnzoo-results"


def test_the_commit_is_that_of_the_package_and_nothing_where_it_has_none():
    root = package_folder().parent
    told = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True)
    commit.cache_clear()
    assert commit()[0] == (told.stdout.strip() if (root / ".git").exists() else "")


def test_versions_name_what_computes():
    found = versions()
    assert {"rnnzoo", "python", "torch", "lightning"} <= set(found)
    assert all(found.values())
