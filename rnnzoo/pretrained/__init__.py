"""Finished models: load them by name, save your own, share them; nothing is unpickled unless you ask for it."""

from __future__ import annotations

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.hub import push_to_hub
from rnnzoo.pretrained.loading import from_pretrained, load_pretrained
from rnnzoo.pretrained.manifest import ManifestEntry, list_pretrained, pretrained_entry
from rnnzoo.pretrained.saving import save_pretrained

__all__ = [
    "ManifestEntry",
    "PretrainedError",
    "from_pretrained",
    "list_pretrained",
    "load_pretrained",
    "pretrained_entry",
    "push_to_hub",
    "save_pretrained",
]
