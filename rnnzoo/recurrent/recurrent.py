"""Recurrent: depth, direction and dropout around any cell, with the contract of ``torch.nn.LSTM``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnnzoo.initialization import check_recipes, initialize_cells
from rnnzoo.ops.backends import resolve
from rnnzoo.ops.native import native_pays
from rnnzoo.recurrent.cell_stack import CellStack
from rnnzoo.recurrent.checks import InputError, check_arguments, check_features, check_input, check_lengths
from rnnzoo.recurrent.hybrid import Hybrid
from rnnzoo.recurrent.options import cell_options, check_options, check_projection, find_entry, place_options
from rnnzoo.registry import LAYERS
from rnnzoo.wrappers import check_wrappers, innermost, wrap


class Recurrent(CellStack):
    """A stack of recurrent layers of one architecture: arguments, shapes and states of ``torch.nn.LSTM``.

    Args:
        layer: a registered name (``rnnzoo.list_layers()``) or a cell class.
        input_size: I, features of the input.
        hidden_size: H, features of the hidden state.
        num_layers: layers on top of one another.
        bias: whether the cells have biases.
        batch_first: padded input and output are (B, T, ...) instead of (T, B, ...); states are not concerned.
        dropout: probability of zeroing an output of each layer but the last, in training.
        bidirectional: a second stack reads each sequence from its end; outputs are concatenated.
        proj_size: width of the projected output, for layers that declare the capability.
        device, dtype: of the parameters.
        backend: "reference", "torch", "c", "triton" or "native" forces one; None chooses; ``last_backend`` is what ran.
        wrappers: what goes around every cell, options by name, the first innermost: see ``rnnzoo.wrappers``.
        hybrid: another architecture for every n-th layer, see ``rnnzoo.recurrent.hybrid``:
            ``{"layer": "window_attention", "every": 3, "window": 64}``; the wrappers are around it too.
        initialization: recipes for the first weights, options by name, see ``rnnzoo.initialization``.
        **options: the architecture's own.

    Raises:
        UnknownName: no such layer, backend or wrapper.
        TypeError: an argument of the wrong type, or an option the layer does not have.
        ValueError: an argument out of range, or a capability the layer does not declare, or a wrapper
            that it cannot bear.
    """

    def __init__(
        self,
        layer: str | type,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: torch.dtype | None = None,
        backend: str | None = None,
        wrappers: Mapping[str, Mapping[str, Any] | None] | None = None,
        hybrid: Mapping[str, Any] | None = None,
        initialization: Mapping[str, Mapping[str, Any] | None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        check_arguments(
            input_size=input_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bias=bias,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=bidirectional,
            proj_size=proj_size,
            dtype=dtype,
        )
        entry = find_entry(layer)
        self.layer, cell = entry.name, entry.target
        check_options(self.layer, cell, options)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.options = options
        self.wrappers = {name: dict(given or {}) for name, given in check_wrappers(wrappers or {}).items()}
        self.hybrid = dict(hybrid or {})
        recipes = check_recipes(initialization or {})
        self.initialization = {name: dict(given or {}) for name, given in recipes.items()}
        other = Hybrid(self.hybrid, num_layers, entry) if hybrid else None
        if proj_size:
            check_projection(entry)
            options = {**options, "proj_size": proj_size}
        width = input_size
        for layer_index in range(num_layers):
            at, given = (
                (cell, options) if other is None or not other.takes(layer_index) else (other.cell, other.options)
            )
            place = place_options(at, layer_index, num_layers)
            for _ in range(self.num_directions):
                one = at(width, hidden_size, bias=bias, device=device, dtype=dtype, **given, **place)
                one = wrap(one, self.wrappers)
                self.cells.append(one)
            width = one.output_size * self.num_directions
        self.output_size = width
        initialize_cells(list(self.cells), self.initialization, self.num_directions)
        self._settle()
        self.backend = backend

    @property
    def backend(self) -> str | None:
        """The backend the caller forced; None lets the cells choose."""
        return self._forced

    @backend.setter
    def backend(self, backend: str | None) -> None:
        if backend is not None:
            able = getattr(self.cells[0], "backends", ("reference",))
            resolve(backend, able, "reference", f"layer '{self.layer}'")
        self._forced = backend
        for cell in self._cells():
            cell.backend = backend if not self.hybrid or backend in getattr(cell, "backends", ()) else None

    @property
    def last_backend(self) -> str | None:
        """The backend that ran last; where layers differ, all of them joined by "+"; None before the first call."""
        if self._ran_native:
            return "native"
        return "+".join(sorted({cell.last_backend for cell in self._cells() if cell.last_backend})) or None

    def forward(
        self, input: Tensor | PackedSequence, hx: Any = None, lengths: Tensor | Sequence[int] | None = None
    ) -> tuple[Any, Any]:
        """Run the stack over a batch of sequences.

        Args:
            input: (T, B, I), or (B, T, I) with ``batch_first``; (T, I) without a batch; or a ``PackedSequence``.
            hx: the initial state; None is the cells' own. One tensor (num_layers * directions, B, *shape) for
                architectures with one state, a tuple of them for more; without B for unbatched input. Where the
                layers' states differ in shape: one tuple a layer and direction, of tensors (B, *shape).
            lengths: the rows' lengths, 1 to T, where they differ: the result is that of the packed rows, with zeros in
                the padding, whatever stands there in ``input``.

        Returns:
            The output in the form of the input, (..., directions * O) wide, and the final state in the form of ``hx``:
            each row's at its own length.

        Raises:
            TypeError: an argument that is no tensor (or packed sequence, or tuple of tensors).
            InputError: wrong rank, width, dtype or device; an empty batch or sequence; lengths or a state that do not
                fit the input. It is a ``ValueError`` and a ``RuntimeError``.
        """
        weights = self._native_weights()
        weight = weights[0] if weights else self._any_weight()
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise InputError("lengths were given with a PackedSequence, which has its own; pass only one of them.")
            check_features(input.data, self.input_size, weight)
            state = None if hx is None else self._layout.enter(hx, int(input.batch_sizes[0]), weight)
            packed, state = self._run_packed(input, state, weights)
            return packed, self._layout.leave(state, batched=True)
        check_input(input, self.input_size, weight, batch_first=self.batch_first)
        batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        x = input if batched else input.unsqueeze(batch_dim)
        batch, time = x.shape[batch_dim], x.shape[1 - batch_dim]
        state = None if hx is None else self._layout.enter(hx, batch if batched else None, weight)
        lengths = None if lengths is None else check_lengths(lengths, batch, time)
        if weights and (self._forced or self._kernel_pays(x, lengths, time, weights)):
            y, state = self._run_native(x, state, weights, batch, lengths=lengths)
        else:
            y, state = self._run_cells(x if self.batch_first else x.transpose(0, 1), state, lengths)
            y = y if self.batch_first else y.transpose(0, 1)
        return y if batched else y.squeeze(batch_dim), self._layout.leave(state, batched=batched)

    def _kernel_pays(self, x: Tensor, lengths: Tensor | None, time: int, weights: list[Tensor]) -> bool:
        """Whether torch's kernel is to run the stack; where it drops values between layers it does, as torch draws."""
        drops = self.dropout > 0 and self.training and self.num_layers > 1
        first = next(iter(self._cells()))
        return native_pays(str(self._mode), x, lengths, time, weights, lambda: not drops and first.runs_in_c(x))

    def step(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """One time step, for streams: the same function as ``forward`` over one step.

        Args:
            x: (B, I).
            hx: the state as ``forward`` takes and gives it; None is the cells' own initial state.

        Returns:
            The output (B, O) and the state after the step.

        Raises:
            ValueError: the stack is bidirectional.
            TypeError, InputError: see ``forward``.
        """
        quick = self._quick_step(x, hx)
        if quick is not None:
            return quick
        if self.bidirectional:
            raise ValueError("a bidirectional stack needs the whole sequence; step works with bidirectional=False.")
        if not isinstance(x, Tensor) or x.dim() != 2 or x.shape[0] < 1:
            given = f"has shape {tuple(x.shape)}" if isinstance(x, Tensor) else f"is a {type(x).__name__}"
            raise InputError(f"x {given}; expected a tensor (batch, {self.input_size}) of at least one row.")
        weight = self._any_weight()
        check_features(x, self.input_size, weight)
        states = None if hx is None else self._layout.split(self._layout.enter(hx, x.shape[0], weight))
        final: list[Any] = []
        handed: dict[str, Tensor] = {}
        for i, cell in enumerate(self._cells()):
            state = cell.initial_state(x.shape[0], device=x.device, dtype=x.dtype) if states is None else states[i]
            above = {name: value.squeeze(1) for name, value in handed.items()}
            if not i:
                handed = self._handed(cell, x.unsqueeze(1), state, None)
            x, state = cell.step(x, state, **above)  # (B, O)
            final.append(state)
            x = self._drop(x, i)
        return x, self._layout.leave(self._layout.join(final), batched=True)

    def extra_repr(self) -> str:
        """The arguments that differ from their defaults, as ``torch.nn.LSTM`` shows them."""
        shown = [] if type(self).__name__ != "Recurrent" else [repr(self.layer)]
        shown += [str(self.input_size), str(self.hidden_size)]
        defaults: dict[str, Any] = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        defaults |= {"bidirectional": False, "backend": None, "wrappers": {}, "hybrid": {}, "initialization": {}}
        shown += [f"{name}={getattr(self, name)}" for name, usual in defaults.items() if getattr(self, name) != usual]
        return ", ".join(shown + [f"{name}={value!r}" for name, value in self.options.items()])

    def __repr__(self) -> str:
        return f"{self._get_name()}({self.extra_repr()})"

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            cells = self.__dict__.get("_modules", {}).get("cells")
            if not cells or name.startswith("_") or name not in cell_options(type(innermost(cells[0]))):
                raise
            return getattr(innermost(cells[0]), name)


def create_layer(layer: str | type, *args: Any, **kwargs: Any) -> Recurrent:
    """A stack of a layer by its name: ``create_layer("lstm", 10, 20)`` is ``rnnzoo.LSTM(10, 20)``.

    Raises:
        UnknownName: no layer has this name; the message has near misses.
    """
    if isinstance(layer, str):
        from rnnzoo.recurrent.classes import layer_class

        return layer_class(LAYERS.entry(layer).class_name)(*args, **kwargs)
    return Recurrent(layer, *args, **kwargs)


def list_layers(pattern: str = "*") -> list[str]:
    """The names of the registered layers that match a shell pattern, sorted."""
    return LAYERS.names(pattern)
