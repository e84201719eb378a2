"""The base of scan cells: a cell's file gives the equations, this gives it parameters, states and all of time at once.

The state of a scan cell follows h_t = a_t * h_{t-1} + b_t, with a and b from the input alone. A new cell's file says
what the input gives, what that makes of the state, and what comes out, for all steps at once. A gated QRNN:

    @LAYERS.register("qrnn", class_name="QRNN", kind="scan", paper=Paper(...), ...)
    class QRNN(ScanCell):
        blocks = 3                                          # products of the input, each (B, T, H)
        states = ("c",)
        gate_names = ("candidate", "forget", "output")

        def activate(self, z, f, o):                        # the products
            return torch.tanh(z), torch.sigmoid(f), torch.sigmoid(o)

        def coefficients(self, z, f, o):                    # what `activate` gave
            return f, (1 - f) * z                           # a and b

        def readout(self, c, z, f, o):                      # the states, then what `activate` gave
            return o * c

The three work on each channel by itself, and may read weights (H,), so that all of a step is done at once in native
code (``_scan_stage.py``). A cell for which that does not hold has `gates(self, x)`, x (B, T, I), for `activate`.

`gates` may give more than ``gate_names``, behind the named ones; a cell without leaves it out, and the others get x.

What else a cell may need, declared on the class or, where it depends on options, on ``self`` before the base's
constructor is called (which hands on the options it does not know, ``**common``):

- a look back at earlier inputs (a causal convolution, a token shift): ``window = k``. `gates` gets x (B, k - 1 + T, I)
  with the k - 1 steps before it in front; they are carried as the state's last member, (B, k - 1, I). With
  ``convolution = True`` the input products are themselves a causal convolution. To slide over something else, such as a
  projection of x, override `hoist` and give its width: ``shapes = {"tail": (k - 1, width)}``;
- states of another shape, or several: ``states = ("h", "n")``, ``shapes = {"h": (H, N)}``; `coefficients` then gives
  a and b of the first state, a and b of the second, ...; an ``a`` without B or T is spread over them;
- another recurrence, such as a complex or a logarithmic one: override `recurrence`, and, if it works on each channel by
  itself, `advance`, a step of it, for native code;
- other products: override `input_weight` or `project`; one with what is read out: `project_out`;
- more parameters: ``weights = ("decay",)``, (H,) or of their shape in ``shapes``, which may also give ``weight_ih``
  another; a cell with ``blocks = 0`` has no ``weight_ih``; ``undecayed = ("decay",)`` are those that optimisers are
  not to pull towards zero;
- another output width: set ``self.output_size`` after the base's constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._gates import gate_report
from rnnzoo.layers._scan_stage import run_stage, scan_stage
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.scan import choose_scan, scan, scan_backends, unsqueezed
from rnnzoo.ops.window import causal_convolution, extend


class ScanCell(nn.Module):
    """One layer of a linear recurrence in one direction, over all steps at once; a subclass declares its parts.

    Parameters: ``weight_ih`` (blocks H, I) and ``bias_ih`` (blocks H,), the input products' blocks in order; each of
    ``weights`` by its name.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of every block, and of every state not named in ``shapes``.
        bias: whether the input product has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    blocks: int = 0
    """How many products of width H the input takes part in; they are one matrix."""
    states: tuple[str, ...] = ("h",)
    """Names of the states that the recurrence runs; with a window the tail is one member more."""
    gate_names: tuple[str, ...] = ()
    """Names of what `gates` gives first, in words ("forget", ...); one that begins with "candidate" is no gate."""
    weights: tuple[str, ...] = ()
    """Names of further parameters."""
    undecayed: tuple[str, ...] = ()
    """Names of parameters without weight decay."""
    window: int = 1
    """How many steps of the input a step sees, its own the last."""
    convolution: bool = False
    """Whether ``weight_ih`` has a filter over the window, (blocks H, I, window), where it else is (blocks H, I)."""
    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    """Shapes of states and of further weights where they are not (H,); of "tail", "weight_ih", "bias_ih" if unusual."""
    weight_ih: nn.Parameter
    bias_ih: nn.Parameter | None
    one_product: Callable[[int], tuple[Tensor, Tensor | None] | None] | None = None
    """Weight (blocks H, I) and bias of one product that gives what `project` does of so many rows, if it takes less."""
    activate: Callable[..., tuple[Tensor, ...]] | None = None
    """What `coefficients` and `readout` get of the products, each (..., H), channel by channel; the gates first."""
    coefficients: Callable[..., tuple[Tensor, ...]]
    """a and b (B, T, *state shape) of what `gates` gave; for several states, a and b of each in turn."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size, window=self.window)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.bias = bias
        self.backend: str | None = None
        self.last_backend: str | None = None
        shapes: dict[str, tuple[int, ...]] = {"tail": (self.window - 1, input_size)}
        taps = (self.window,) if self.convolution else ()
        shapes = {**shapes, "weight_ih": (self.blocks * hidden_size, input_size, *taps), **self.shapes}
        members = (*self.states, "tail") if self.window > 1 else self.states
        self.state_shapes: tuple[tuple[int, ...], ...] = tuple(shapes.get(name, (hidden_size,)) for name in members)

        def parameter(name: str, *shape: int, there: bool = True) -> None:
            empty = nn.Parameter(torch.empty(shape, device=device, dtype=dtype)) if there else None
            self.register_parameter(name, empty)

        if self.blocks:
            parameter("weight_ih", *shapes["weight_ih"])
            parameter("bias_ih", *shapes.get("bias_ih", (self.blocks * hidden_size,)), there=bias)
        for name in self.weights:
            parameter(name, *shapes.get(name, (hidden_size,)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter uniformly from +-1/sqrt(H), as torch's recurrent layers do."""
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(self.hidden_size**-0.5), self.hidden_size**-0.5)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The groups of an optimiser's parameters that need settings of their own: those that do not decay."""
        still = [getattr(self, name) for name in self.undecayed]
        return [{"params": still, "weight_decay": 0.0}] if still else []

    def hoist(self, x: Tensor) -> tuple[Tensor, ...]:
        """What `gates` gets of x (B, T, I), each (B, T, ...); a window slides over the first of them."""
        return (x,)

    def gates(self, *hoisted: Any, **_: Any) -> tuple[Tensor, ...]:
        """What `coefficients` and `readout` get, the gates (B, T, N) first: by `activate`, else what `hoist` gave."""
        return hoisted if self.activate is None else self.activate(*self.project(hoisted[0]))

    def readout(self, h: Tensor, *values: Any, **_: Any) -> Tensor:
        """The output (B, T, O) of each state (B, T, *state shape) and of what `gates` gave; the first state itself."""
        return h

    def advance(self, state: State, values: tuple[Tensor, ...]) -> tuple[State, Tensor]:
        """The states (..., H) after a step and what is read out there, of what `activate` gave."""
        found = self.coefficients(*values)
        after = tuple(a * h + b for a, b, h in zip(found[::2], found[1::2], state, strict=True))
        return after, self.readout(*after, *values)

    def project_out(self, y: Tensor) -> Tensor:
        """The output (B, T, O) of what was read out."""
        return y

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        """The products of x (..., I) with each block of ``weight_ih``, each (..., H); autocast's come as float32.

        With ``convolution`` they are those of x (B, window - 1 + T, I) with the filters, each (B, T, H).
        """
        product = causal_convolution if self.convolution else linear
        return self.split(product(x, self.input_weight(), self.input_bias()))  # (..., blocks H)

    def input_weight(self) -> Tensor:
        """The weight of the products; a cell in which ``weight_ih`` is but a part of it overrides it."""
        return self.weight_ih

    def input_bias(self) -> Tensor | None:
        """The bias (blocks H,) of the products; a cell of which not all have one overrides it."""
        return self.bias_ih

    def split(self, products: Tensor) -> tuple[Tensor, ...]:
        """Blocks (..., H) of products (..., blocks H), in the dtype of the weights where autocast has lowered it."""
        dtype = self._weight().dtype
        return (products if products.dtype == dtype else products.to(dtype)).split(self.hidden_size, -1)

    def recurrence(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[State, State]:
        """Run the states over all steps.

        Args:
            values: what `gates` gave.
            state: each state before the first step (B, *state shape), without the tail.
            lengths, backend: as ``ops.scan`` takes them.

        Returns:
            Each state after every step (B, T, *state shape), and at each row's own length.
        """
        found = self.coefficients(*values)
        ran = []
        for a, b, h0 in zip(found[::2], found[1::2], state, strict=True):
            ran.append(scan(unsqueezed(a, b), b, h0, lengths=lengths, backend=backend))
        return tuple(h for h, _ in ran), tuple(final for _, final in ran)

    def outputs(
        self, hoisted: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """y (B, T, O) and each state at each row's own length, of what `gates` gets; the rest as `recurrence`."""
        values = self.gates(*hoisted)
        states, final = self.recurrence(values, state, lengths, backend)
        y = self.project_out(self.readout(*states, *values))  # (B, T, O)
        return (y if lengths is None or y is states[0] else zero_padding(y, lengths)), final

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros (B, *shape) for each member, on the parameters' device and of their dtype unless told otherwise."""
        like = self._weight().new_zeros(0, device=device, dtype=dtype)
        return tuple(like.new_zeros(batch_size, *shape) for shape in self.state_shapes)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, O) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = self._weight()
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        hoisted, own, tail = self._hoisted(x.unsqueeze(1), tuple(state), None)
        y, final = self.outputs(hoisted, own, None, "reference")
        return y.squeeze(1), (*final, *tail)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence at once.

        Args:
            x: input (B, T, I).
            state: before the first step; ``None``: `initial_state`.
            lengths: (B,) int64, each row's number of steps; ``None``: all T.

        Returns:
            y (B, T, O), zero beyond a row's length, and the state at each row's own length.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            BackendError: the backend asked for cannot run.
        """
        state = check_call(self, x, state, lengths, self._weight())
        backend = self.choose_backend()
        structure = scan_stage(self, x, state, backend)
        self.last_backend = backend
        if structure is not None:
            return run_stage(self, structure, x, state, lengths, backend)
        hoisted, own, tail = self._hoisted(x, state, lengths)
        y, final = self.outputs(hoisted, own, lengths, backend)
        return y, (*final, *tail)

    def choose_backend(self) -> str:
        """The backend that runs: the one asked for, else the quickest there is here."""
        return choose_scan(self.backend, self._weight(), type(self).__name__)

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that can run this cell where it lies, "c" where there is a compiler."""
        return scan_backends(self._weight().device.type)

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; see `GateValues`. The tail is not among them.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            NoGates: the cell declares none.
        """
        state = check_call(self, x, state, lengths, self._weight())
        hoisted, own, _ = self._hoisted(x, state, lengths)
        states, _ = self.recurrence(values := self.gates(*hoisted), own, lengths, None)
        if lengths is not None:
            values = tuple(zero_padding(value, lengths) for value in values[: len(self.gate_names)])
        named = dict(zip(self.gate_names, values, strict=False)), dict(zip(self.states, states, strict=True))
        return gate_report(self, *named)

    def _hoisted(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[tuple[Tensor, ...], State, State]:
        """What `gates` gets, the state without its tail, and the tail after the last step, if there is one."""
        if lengths is not None:
            x = zero_padding(x, lengths)  # whatever stands there may not reach a gradient
        hoisted = self.hoist(x)
        if self.window == 1:
            return hoisted, state, ()
        seen, after = extend(hoisted[0], state[-1], lengths)  # (B, k - 1 + T, ...), (B, k - 1, ...)
        return (seen, *hoisted[1:]), state[:-1], (after,)

    def _weight(self) -> Tensor:
        """A parameter, for dtype and device."""
        return next(self.parameters())

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
