"""torch's flat parameter names (``weight_ih_l0_reverse``) for a stack of cells.

A stack holds its cells in ``cells``, layer-major and direction-minor, so that parameter ``weight_ih`` of cell 3 of a
bidirectional stack is ``cells.3.weight_ih`` to ``nn.Module`` and ``weight_ih_l1_reverse`` to torch's users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from rnnzoo.wrappers import shells

_FLAT = re.compile(r"(?P<name>.+)_l(?P<layer>\d+)(?P<reverse>_reverse)?")
_INNER = re.compile(r"(?<![^.])cells\.(?P<cell>\d+)\.(?:cell\.)*(?P<name>.+)$")


def flat_name(cell: int, name: str, directions: int) -> str:
    """``weight_ih`` of cell 3 of a bidirectional stack -> ``weight_ih_l1_reverse``."""
    return f"{name}_l{cell // directions}{'_reverse' if cell % directions else ''}"


def split_flat_name(flat: str, directions: int) -> tuple[int, str] | None:
    """``weight_ih_l1_reverse`` -> (3, ``weight_ih``) in a bidirectional stack; None where it isn't such a name."""
    match = _FLAT.fullmatch(flat)
    if match is None or (match["reverse"] and directions == 1):
        return None
    return int(match["layer"]) * directions + bool(match["reverse"]), match["name"]


def find(stack: nn.Module, directions: int, name: str) -> tuple[nn.Module, str] | None:
    """The module in ``stack`` that owns the parameter of this flat name, and its name there; None if there is none."""
    place = split_flat_name(name, directions)
    cells = stack._modules.get("cells")
    if place is None or not isinstance(cells, nn.ModuleList) or place[0] >= len(cells):
        return None
    path, _, leaf = place[1].rpartition(".")
    for cell in shells(cells[place[0]]):
        try:
            owner = cell.get_submodule(path)
        except AttributeError:  # it is the cell's that this one is wrapped around, or nobody's
            continue
        if leaf in owner._parameters or leaf in owner._buffers:
            return owner, leaf
    return None


def flatten_keys(state: dict[str, Any], prefix: str, directions: int) -> None:
    """Rename a saved stack's keys, in place and in their order, to torch's."""
    inner = [key for key in state if key.startswith(f"{prefix}cells.")]
    for key in inner:
        match = _INNER.fullmatch(key[len(prefix) :])
        name = flat_name(int(match["cell"]), match["name"], directions) if match else key[len(prefix) :]
        state[prefix + name] = state.pop(key)


def nest_keys(state: dict[str, Any], prefix: str, directions: int, known: Iterable[str]) -> None:
    """Undo ``flatten_keys``, in place: keys the stack doesn't know stay as they are, to be reported as given."""
    known = set(known)
    for key in [key for key in state if key.startswith(prefix)]:
        place = split_flat_name(key[len(prefix) :], directions)
        if place is not None:
            inner = f"cells.{place[0]}.{place[1]}"
            if inner in known:
                state[prefix + inner] = state.pop(key)


def _report_flat(stack: nn.Module, report: Any) -> None:
    """After loading: name the missing and unexpected tensors as torch's users know them, in place."""
    known = nn.Module.state_dict(stack, keep_vars=True)
    for names in (report.missing_keys, report.unexpected_keys):
        for i, key in enumerate(names):
            match = _INNER.search(key)
            if match and f"cells.{match['cell']}.{match['name']}" in known:
                name = flat_name(int(match["cell"]), match["name"], stack.num_directions)  # type: ignore[arg-type]
                names[i] = key[: match.start()] + name


class FlatNames(nn.Module):
    """Mix-in of a stack with ``cells``: its ``state_dict`` and attributes go by torch's flat names.

    ``load_state_dict`` takes either form; ``stack.weight_ih_l0`` reads and sets the parameter of the cell.
    """

    cells: nn.ModuleList
    bidirectional: bool

    def __init__(self) -> None:
        super().__init__()
        self.register_load_state_dict_post_hook(_report_flat)

    @property
    def num_directions(self) -> int:
        """2 for a bidirectional stack, else 1."""
        return 2 if self.__dict__.get("bidirectional") else 1

    @property
    def all_weights(self) -> list[list[nn.Parameter]]:
        """The parameters of each cell, layer by layer, forward before reverse."""
        return [list(cell.parameters()) for cell in self.cells]

    def state_dict(self, *args: Any, prefix: str = "", **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The parameters and buffers under torch's flat names (see ``torch.nn.Module.state_dict``)."""
        state = super().state_dict(*args, prefix=prefix, **kwargs)
        flatten_keys(state, prefix, self.num_directions)
        return state

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        known = nn.Module.state_dict(self, keep_vars=True)
        nest_keys(state_dict, prefix, self.num_directions, known)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            found = find(self, self.num_directions, name)
            if found is None:
                raise
            return getattr(*found)

    def __setattr__(self, name: str, value: Any) -> None:
        if value is None or isinstance(value, Tensor):
            found = find(self, self.num_directions, name)
            if found is not None:
                setattr(*found, value)
                return
        super().__setattr__(name, value)
