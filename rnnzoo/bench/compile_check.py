"""Whether a model may be compiled, known before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterable

from rnnzoo.bench.errors import TableError
from rnnzoo.registry import LAYERS


def check_compile(layers: Iterable[str], strategy: str = "auto") -> None:
    """Refuse to compile what does not declare that it compiles, before any training starts.

    Raises:
        UnknownName: there is no such layer.
        TableError: a layer's registration does not declare ``exportable``, or the strategy shards the model.
    """
    for layer in dict.fromkeys(layers):
        if layer != "none" and not LAYERS.entry(layer).exportable:
            raise TableError(
                f"--compile: layer '{layer}' does not declare that it can be compiled (`exportable` of its "
                f"registration); leave out --compile, or register it with exportable=True once `rnnzoo check {layer}` "
                "finds that it compiles."
            )
    if strategy.startswith("fsdp"):
        raise TableError(
            "--compile: with --strategy fsdp no device has the whole model to compile; use --strategy ddp."
        )
