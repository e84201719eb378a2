"""``model.safetensors``: a task's tensors on disk, full or half precision, and back with every mismatch named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from rnnzoo.pretrained._errors import PretrainedError

WEIGHTS = "model.safetensors"
TIED = "tied"  # the file's metadata: of each name whose tensor another name has, too, that other name
SHOWN = 6  # names of tensors an error lists before it counts the rest


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_tensors(
    tensors: Mapping[str, Tensor], path: Path, *, half: bool = False, once: bool = False
) -> dict[str, object]:
    """Write ``tensors``; with ``half``, those of floating point as float16.

    Args:
        once: a tensor that several names have, such as a tied embedding's, is written under the first of them alone;
            ``read_tensors`` gives it to all. Without it, any reader of the format finds every name.

    Returns:
        ``sha256``, ``bytes`` and ``dtype`` of what was written, for ``config.json``.

    Raises:
        PretrainedError: a finite value does not fit into half precision (above 65504).
    """
    tied = _tied(tensors) if once else {}
    written = {
        name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items() if name not in tied
    }
    if half:
        for name, tensor in written.items():
            if tensor.is_floating_point():
                written[name] = tensor.half()
                if bool((written[name].isinf() & tensor.isfinite()).any()):
                    raise PretrainedError(
                        f"tensor '{name}' reaches {float(tensor.abs().max()):.3g} and half precision ends at 65504; "
                        "save it without half=True."
                    )
    metadata = {"format": "pt", **({TIED: json.dumps(tied)} if tied else {})}
    path.write_bytes(save(written, metadata=metadata))  # with the usual permissions; save_file gives 0600
    return {"sha256": sha256(path), "bytes": path.stat().st_size, "dtype": "float16" if half else "float32"}


def read_tensors(path: Path, expected: Mapping[str, object] | None = None) -> dict[str, Tensor]:
    """The tensors in a file; ``expected`` holds the ``sha256`` and ``bytes`` it ought to have, as far as known.

    Raises:
        PretrainedError: missing, truncated or otherwise not what was written.
    """
    if not path.is_file():
        raise PretrainedError(f"no {path.name} in {path.parent}; expected it beside config.json. Take another copy.")
    known = expected or {}
    size = path.stat().st_size
    if known.get("bytes") not in (None, size):
        raise PretrainedError(f"{path} has {size} bytes, expected {known['bytes']}: it is damaged; take another copy.")
    if "sha256" in known and (given := sha256(path)) != known["sha256"]:
        raise PretrainedError(
            f"{path} has the SHA-256 {given}, expected {known['sha256']}: it is damaged or was exchanged; "
            "take another copy."
        )
    try:
        tensors = load_file(path)
        with safe_open(path, framework="pt") as file:
            tied = json.loads((file.metadata() or {}).get(TIED, "{}"))
        return {**tensors, **{name: tensors[other] for name, other in tied.items()}}
    except (SafetensorError, json.JSONDecodeError, KeyError, AttributeError) as error:
        raise PretrainedError(f"{path} is damaged ({error}); take another copy.") from error


def _tied(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Of each name whose tensor is, in memory, that of a name before it: that other name."""
    first: dict[tuple[object, ...], str] = {}
    tied = {}
    for name, tensor in tensors.items():
        if tensor.numel():
            place = tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()
            other = first.setdefault(place, name)
            if other != name:
                tied[name] = other
    return tied


def _names(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def fill(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy ``tensors`` into ``module``, each into the dtype the module has (half precision widens to float32).

    Raises:
        PretrainedError: tensors are missing, not expected or of another shape; all of them are named, and
            ``module`` is left as it was.
    """
    wanted = module.state_dict()
    missing = sorted(wanted.keys() - tensors.keys())
    unexpected = sorted(tensors.keys() - wanted.keys())
    shapes = [
        f"{name} {tuple(tensors[name].shape)} (expected {tuple(tensor.shape)})"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    problems = [
        f"{what}: {_names(names)}"
        for what, names in (("missing", missing), ("not expected", unexpected), ("of another shape", shapes))
        if names
    ]
    if problems:
        raise PretrainedError(
            f"{where} does not fit {type(module).__qualname__}; tensors {'; '.join(problems)}. "
            "It belongs to another model, or to another version of this one."
        )
    with torch.no_grad():
        module.load_state_dict(dict(tensors))
