"""rnnzoo: the model zoo of recurrent networks on PyTorch Lightning.

Every architecture is an attribute of this package (``rnnzoo.LSTM``, ``rnnzoo.MinGRU``, ...) with the arguments, shapes
and states of ``torch.nn.LSTM``. All names are looked up when they are first used, so that ``import rnnzoo`` itself
loads neither torch nor Lightning.
"""

from __future__ import annotations

import importlib
from operator import attrgetter
from typing import Any

_LAZY = {
    "FlatSequences": "rnnzoo.data._batches:FlatSequences",
    "GatedCell": "rnnzoo.layers._gated:GatedCell",
    "MatrixCell": "rnnzoo.layers._matrix:MatrixCell",
    "Paper": "rnnzoo.contracts:Paper",
    "PooledTask": "rnnzoo.tasks._pooled:PooledTask",
    "Recurrent": "rnnzoo.recurrent:Recurrent",
    "RidgeReadout": "rnnzoo.modules.ridge_readout:RidgeReadout",
    "ScanCell": "rnnzoo.layers._scan:ScanCell",
    "SequenceTask": "rnnzoo.tasks._base:SequenceTask",
    "Stage": "rnnzoo.ops.gated:Stage",
    "SteppedCell": "rnnzoo.layers._stepped:SteppedCell",
    "ZooData": "rnnzoo.data._base:ZooData",
    "create_data": "rnnzoo.registry:DATA.create",
    "create_layer": "rnnzoo.recurrent:create_layer",
    "create_model": "rnnzoo.recipes:create_model",
    "create_task": "rnnzoo.registry:TASKS.create",
    "export": "rnnzoo.exporting:export",
    "fit_readout": "rnnzoo.modules.ridge_readout:fit_readout",
    "from_pretrained": "rnnzoo.pretrained:from_pretrained",
    "gate_values": "rnnzoo.recurrent:gate_values",
    "import_file": "rnnzoo.registry.files:import_file",
    "initialize": "rnnzoo.initialization:initialize",
    "list_data": "rnnzoo.registry:DATA.names",
    "list_layers": "rnnzoo.recurrent:list_layers",
    "list_pretrained": "rnnzoo.pretrained:list_pretrained",
    "list_recipes": "rnnzoo.recipes:list_recipes",
    "list_tables": "rnnzoo.bench.table:list_tables",
    "list_tasks": "rnnzoo.registry:TASKS.names",
    "load_pretrained": "rnnzoo.pretrained:load_pretrained",
    "push_to_hub": "rnnzoo.pretrained:push_to_hub",
    "register_data": "rnnzoo.registry.users:register_data",
    "register_layer": "rnnzoo.recurrent.registration:register_layer",
    "register_task": "rnnzoo.registry.users:register_task",
    "save_pretrained": "rnnzoo.pretrained:save_pretrained",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        module, path = _LAZY[name].split(":")
        value = attrgetter(path)(importlib.import_module(module))
    elif name == "__version__":
        value = _version()
    elif name != name.lower():  # the names of layers have a capital, not always first: LSTM, eLSTM
        # not kept here: a user's cell may be registered anew
        return importlib.import_module("rnnzoo.recurrent.classes").layer_class(name)
    else:
        import difflib

        near = difflib.get_close_matches(name, _LAZY, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise AttributeError(f"module 'rnnzoo' has no attribute '{name}'{hint}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    classes = importlib.import_module("rnnzoo.recurrent.classes").class_names()
    return sorted({*globals(), *_LAZY, "__version__", *classes})


def _version() -> str:
    """The installed version, or the one in ``setup.cfg`` where this is a checkout that was never installed."""
    from configparser import ConfigParser
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    try:
        return version("rnnzoo")
    except PackageNotFoundError:
        setup = ConfigParser()
        setup.read(Path(__file__).parent.parent / "setup.cfg", encoding="utf-8")
        return setup.get("metadata", "version", fallback="0+unknown")
