"""No test of this folder touches the user's cache or data."""

import pytest


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
