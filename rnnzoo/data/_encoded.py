"""What datasets share that are encoded as a whole: raw rows become arrays once, and a cache keeps them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from rnnzoo.data._base import ZooData
from rnnzoo.data._cache import Arrays, cached, code_version, unpack_strings

Raw = TypeVar("Raw")
"""All the rows of a dataset, before they are encoded."""


class EncodedData(ZooData, Generic[Raw]):
    """A dataset of arrays that are made of raw rows.

    A kind of dataset says how they are made (``encode``) and what that depends on (``settings``, ``code``); a concrete
    one where its rows come from (``read``) and what they depend on (``key``).

    Attributes:
        version: of the preprocessing.
        code: modules and functions that ``encode`` needs, besides the modules of the dataset's own classes.
    """

    version: ClassVar[int]
    code: ClassVar[tuple[ModuleType | Callable[..., Any], ...]] = ()
    _given: Raw | None = None  # rows that come from no source
    _loaded: Arrays | None = None

    def read(self) -> Raw:
        """The raw rows; called only when nothing usable is in the cache."""
        raise NotImplementedError(f"{type(self).__name__} does not say where its rows are.")

    def key(self) -> dict[str, Any] | None:
        """What the rows depend on: name, version and stamp of the source, how it is split; ``None``: cache nothing."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its rows depend on.")

    def settings(self) -> dict[str, Any]:
        """The settings that ``encode`` depends on, in primitives."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its encoding depends on.")

    def encode(self, raw: Raw) -> Arrays:
        """The rows of all splits as arrays, and a "digest" of them, bytes."""
        raise NotImplementedError(f"{type(self).__name__} does not encode its rows.")

    @property
    def data_version(self) -> str:
        """The version of the preprocessing and a digest of the raw rows and splits."""
        return f"{self.version}-{self._encoded['digest'].tobytes().hex()[:12]}"

    @property
    def _encoded(self) -> Arrays:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> Arrays:
        """The arrays, of rows that are at hand, or from the cache."""
        key = None if self._given is not None else self.key()
        if key is None:
            return self.encode(self._rows())
        own = (sys.modules[each.__module__] for each in type(self).__mro__ if issubclass(each, EncodedData))
        key = {"data": key, "code": code_version(*self.code, *own), "settings": self.settings()}
        return cached(f"encoded/{type(self).__name__.lower()}", key, lambda: self.encode(self._rows()))

    def _rows(self) -> Raw:
        return self.read() if self._given is None else self._given

    def _strings(self, name: str) -> list[str]:
        """Strings that ``encode`` packed."""
        return unpack_strings(self._encoded[name], self._encoded[f"{name}_ends"])
