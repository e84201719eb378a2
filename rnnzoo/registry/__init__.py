"""Registries: every layer, task, dataset and codec by its name, the package's own and its users'.

The package's members are found by walking a folder; users' come through an installed distribution's entry points (the
group has the folder's name, such as ``rnnzoo.layers``) or through `import_file`. None is ever skipped: what does not
import or register stops the discovery with its place.
"""

from __future__ import annotations

from rnnzoo.contracts import CodecEntry, DataEntry, LayerEntry, TaskEntry
from rnnzoo.registry.errors import DiscoveryError, RegistrationError
from rnnzoo.registry.layer_checks import check_layer
from rnnzoo.registry.names import UnknownName, unknown
from rnnzoo.registry.registry import Registry

__all__ = [
    "CODECS", "DATA", "LAYERS", "TASKS", "DiscoveryError", "RegistrationError", "Registry", "UnknownName", "unknown",
]  # fmt: skip

LAYERS: Registry[LayerEntry] = Registry(
    "layer", "rnnzoo.layers", LayerEntry, check=check_layer, unique=("class_name",), entry_points=True
)
TASKS: Registry[TaskEntry] = Registry("task", "rnnzoo.tasks", TaskEntry)
DATA: Registry[DataEntry] = Registry("data", "rnnzoo.data", DataEntry)
CODECS: Registry[CodecEntry] = Registry("codec", "rnnzoo.data", CodecEntry)
