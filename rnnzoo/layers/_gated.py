"""The base of gated cells: a cell's file gives the equations, this gives it parameters, states and speed.

To add a cell, write a file beside this one. Its equations are the update functions of its **stages**. A stage
multiplies at most one value by a recurrent weight and then does something weight-free to the result, so there are as
many stages as products that wait for one another in a step. A minimal gated unit, f = sigmoid(W_f x + U_f h),
n = tanh(W_n x + U_n (f * h)), h = (1 - f) * h + f * n, has two:

    def _forget(a, *_):                         # a: (..., 1, N), the sum W_f x + U_f h
        return (torch.sigmoid(a[..., 0, :]),)   # (..., N)

    def _reset(a, _, h):
        (f,) = _forget(a)
        return f, f * h

    def _candidate(a, *_):                      # a: W_n x + U_n (f * h)
        return (torch.tanh(a[..., 0, :]),)

    def _mix(a, _, f, h):
        (n,) = _candidate(a)
        return ((1 - f) * h + f * n,)

    @LAYERS.register("mgu", class_name="MGU", kind="gated", paper=Paper(...), ...)
    class MGU(GatedCell):
        stages = (
            Stage("h", 1, 1, _reset, ("h",), ("f", "fh"), summed=True, gates=_forget, gate_names=("forget",)),
            Stage("fh", 1, 1, _mix, ("f", "h"), ("h",), summed=True, gates=_candidate, gate_names=("candidate",)),
        )

``step``, ``forward``, ragged batches, gradients and the fast path follow, and so do ``rnnzoo.gate_values`` and the
picture of the gates. A stage's **gates** are the function that its update calls, first of all and with its own
arguments, for the values of the gates, so that what is shown is what is used. Names are words ("input", "forget",
"output", "reset", "update", ...); one that begins with "candidate" is a value that gates let in.

What else a cell may need: several states (``states = ("h", "c")``); an output that is not a state (``output = "y"``);
states of another width (``sizes = {"h": P}``); products without a bias (``Stage(..., input_bias=False)``,
``recurrent_bias=False``); per-channel weights (``vectors = ("p_i",)``, then read by name); updates that mix channels,
such as a layer norm (``Stage(..., pointwise=False)``: sums, norms and softmaxes over all channels are quick, the rest
is slower, as exact); another input product (override ``project``, ``input_weight``, or ``hoist``, which takes more
memory); recurrent or per-channel weights shared, constrained or named otherwise (override ``recurrent_weights``,
``vector_weights``); other parameters (override ``parameter_shapes``, and ``input_bias``). A cell with options takes
them, sets what depends on them on ``self``, and hands the rest on:

    def __init__(self, input_size, hidden_size, *, nonlinearity="tanh", **common):
        self.nonlinearity, self.stages = nonlinearity, (Stage("h", 1, 1, NONLINEARITIES[nonlinearity], (), ("h",)),)
        super().__init__(input_size, hidden_size, **common)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._gates import gate_report
from rnnzoo.layers._layout import Layout
from rnnzoo.ops._c_operator import kernel_key, runs_in_graph
from rnnzoo.ops.gated import Stage, Structure, backends_of, choose_backend, gated, gated_step
from rnnzoo.ops.gated_values import gated_values
from rnnzoo.ops.native import native_pays, native_stack, native_step, native_steps
from rnnzoo.ops.ragged import zero_padding


class GatedCell(nn.Module):
    """One layer of a gated recurrence in one direction; a subclass declares what it is made of.

    Parameters: ``weight_ih`` (W, I), W the stages' input blocks in order; ``weight_hh``, the recurrent products' blocks
    in order where all have sources of one width, else ``weight_hh_0``, ``weight_hh_1``, ... by stage; ``bias_ih``,
    ``bias_hh`` likewise; each vector by its name, (H,) or its width in ``sizes``.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of every block, and of every state not named in ``sizes``.
        bias: whether there are biases.
        recurrent_bias: with ``bias``, whether recurrent products have their own (torch does), or inputs alone.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    stages: tuple[Stage, ...]
    """What a step does, in order."""
    states: tuple[str, ...] = ("h",)
    """Names of the state's members."""
    output: str = "h"
    """The value put out at each step: a state as the step ends, or a stage's result."""
    vectors: tuple[str, ...] = ()
    """Names of the per-channel weights."""
    sizes: Mapping[str, int] = MappingProxyType({})
    """Widths of states and results where they are not H."""
    native_mode: str | None = None
    """Which of torch's fused kernels computes the same, if any: "lstm", "gru", "rnn_tanh", "rnn_relu"."""
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, recurrent_bias: bool = True, device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.bias, self.recurrent_bias = bias, recurrent_bias
        self.backend: str | None = None
        self.last_backend: str | None = None
        self.state_shapes: tuple[tuple[int, ...], ...] = tuple((self._width(name),) for name in self.states)
        self.output_size = self._width(self.output)
        self._layout = Layout(self.stages, hidden_size, self._width)
        shapes = self.parameter_shapes()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        for name in (n for n in ("bias_ih", *self._layout.recurrent_names("bias_hh")) if n not in shapes):
            self.register_parameter(name, None)
        self.reset_parameters()

    def _width(self, name: str) -> int:
        return self.sizes.get(name, self.hidden_size)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter by name, in order; a cell overrides it where its parameters are others."""
        shapes = self._layout.shapes(self.input_size, bias=self.bias, recurrent_bias=self.recurrent_bias)
        return shapes | {name: (self._width(name),) for name in self.vectors}

    def reset_parameters(self) -> None:
        """Draw every parameter uniformly from +-1/sqrt(H), as torch's recurrent layers do."""
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(self.hidden_size**-0.5), self.hidden_size**-0.5)

    def hoist(self, x: Tensor) -> Tensor:
        """The input product of all stages: x (..., I) to (..., W), blocks in stage order."""
        return linear(self.project(x), self.input_weight(), self.input_bias())

    def hoist_sequence(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """The same of a padded batch, (B, T, I) to (B, T, W), finite in the padding, where the input may be anything; a
        cell whose product of one step depends on others overrides it."""
        return self.hoist(x if lengths is None else zero_padding(x, lengths))

    def project(self, x: Tensor) -> Tensor:
        """What the input weight multiplies, (..., J) of x (..., I): x itself, unless a cell has a layer before it."""
        return x

    def input_weight(self) -> Tensor:
        """The weight (W, J) of the input product; a cell may override it."""
        return self.weight_ih

    def input_bias(self) -> Tensor | None:
        """The bias (W,) of the input product, zero for stages that have none; a cell may override it."""
        return self._layout.input_bias(self.bias_ih)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """Weight (products * N, source's width) and bias (products * N,) of each stage, ``None`` where it has none."""
        if self._layout.joint:
            weights, biases = self._layout.joint_products(self.weight_hh, self.bias_hh)
        else:
            names = map(self._layout.recurrent_names, ("weight_hh", "bias_hh"))
            weights, biases = ([getattr(self, name) for name in each] for each in names)
        each = iter(zip(weights, biases, strict=True))
        pairs = [(None, None) if stage.source is None else next(each) for stage in self.stages]
        return [weight for weight, _ in pairs], [bias for _, bias in pairs]

    def vector_weights(self) -> dict[str, Tensor]:
        """The per-channel weights by name, as the stages read them."""
        return {name: getattr(self, name) for name in self.vectors}

    def native_weights(self) -> list[Tensor]:
        """The parameters in the order of torch's kernels; zeros stand in for a recurrent bias the cell does without."""
        bias_ih, bias_hh = self.bias_ih, self.bias_hh
        if bias_ih is None:
            return [self.weight_ih, self.weight_hh]
        return [self.weight_ih, self.weight_hh, bias_ih, torch.zeros_like(bias_ih) if bias_hh is None else bias_hh]

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros, one (B, its width) for each state, on the parameters' device and of their dtype unless told."""
        device, dtype = device or self.weight_ih.device, dtype or self.weight_ih.dtype
        return tuple(torch.zeros(batch_size, *shape, device=device, dtype=dtype) for shape in self.state_shapes)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, O) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = self.weight_ih
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        if self.native_mode is not None and self.backend in (None, "native") and native_steps(x, len(self.stages)):
            state = native_step(self.native_mode, x, state, self.native_weights())
            return state[0], state
        vectors, (weights, biases) = self.vector_weights(), self.recurrent_weights()
        return gated_step(
            self.stages, self.hoist(x), state, weights, biases, vectors, states=self.states, output=self.output
        )

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence, equal to stepping through it.

        Args:
            x: input (B, T, I); padding beyond ``lengths`` may hold anything.
            state: before the first step; ``None``: `initial_state`.
            lengths: (B,) int64, each row's number of steps; ``None``: all T.

        Returns:
            y (B, T, O), zero beyond a row's length, and the state at each row's own length.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            UnknownName, BackendError: ``self.backend`` is none, or cannot run this cell.
        """
        state = check_call(self, x, state, lengths)
        backend = self._backend(x, state, lengths)
        run = self._native if backend == "native" else self._gated
        y, final = run(x, state, lengths, backend)
        self.last_backend = backend
        return y, final

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names of the gates that the stages declare, in their order."""
        return tuple(name for stage in self.stages for name in stage.gate_names)

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`, by the readable loop; see `GateValues`.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            NoGates: the stages declare none.
        """
        state = check_call(self, x, state, lengths)
        x, given = self.hoist_sequence(x, lengths), (*self.recurrent_weights(), self.vector_weights())  # (B, T, W)
        found = gated_values(self.stages, x, state, *given, states=self.states, lengths=lengths)
        return gate_report(self, *found)

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that can run this cell where it lies, "c" where there is a compiler."""
        return (*backends_of(self.structure(), self.weight_ih.device.type), *(("native",) if self.native_mode else ()))

    def runs_in_c(self, x: Tensor) -> bool:
        """Whether there is C of our own for this cell and numbers such as x; it is built if need be."""
        return not x.is_cuda and self._choose(None, x) == "c"

    def structure(self) -> Structure:
        """What `ops.gated` is given to run, apart from numbers; a cell that gives it something else overrides it."""
        own = type(self).vector_weights is GatedCell.vector_weights
        vectors = self.vectors if own else tuple(self.vector_weights())
        width = sum(stage.inputs * (stage.size or self.hidden_size) for stage in self.stages)
        return Structure(self.stages, self.states, vectors, self.output, width)

    @torch.compiler.assume_constant_result
    def _kernel_key(self, device: str) -> str:
        """The native code that a compiled graph calls, "" for none: found once, while the graph is traced."""
        return kernel_key(self.structure(), device, self.weight_ih.dtype)

    def _key(self, backend: str, x: Tensor) -> str:
        return self._kernel_key(x.device.type) if backend == "c" and torch.compiler.is_compiling() else ""

    def _choose(self, backend: str | None, x: Tensor, state: State = ()) -> str:
        return choose_backend(backend, self.structure(), x, state, type(self).__name__)

    def _backend(self, x: Tensor, state: State, lengths: Tensor | None) -> str:
        if torch.compiler.is_compiling():
            own = self.backend in (None, "c") and runs_in_graph(x, state)
            return "c" if own and self._key("c", x) else self._choose(self.backend, x, state)
        if self.native_mode is not None and self.backend in (None, "native"):
            given = (self.native_mode, x, lengths, x.shape[1], self.native_weights(), lambda: self.runs_in_c(x))
            if self.backend == "native" or native_pays(*given):
                return "native"
        return self._choose(self.backend, x, state)

    def _native(self, x: Tensor, state: State, lengths: Tensor | None, _: str) -> tuple[Tensor, State]:
        hx = tuple(member.unsqueeze(0) for member in state)  # (1, B, its width) each
        y, final = native_stack(str(self.native_mode), x, hx, self.native_weights(), lengths=lengths)
        return y, tuple(member.squeeze(0) for member in final)

    def _gated(self, x: Tensor, state: State, lengths: Tensor | None, backend: str) -> tuple[Tensor, State]:
        vectors, (weights, biases) = self.vector_weights(), self.recurrent_weights()
        product: dict[str, Tensor | None] = {}
        if type(self).hoist is GatedCell.hoist:
            product = {"input_weight": self.input_weight(), "input_bias": self.input_bias()}
            if type(self).project is not GatedCell.project:
                x = self.project(x if lengths is None else zero_padding(x, lengths))  # (B, T, J)
        else:
            x = self.hoist_sequence(x, lengths)  # (B, T, W)
        return gated(
            self.stages, x, state, weights, biases, vectors, states=self.states, output=self.output,
            lengths=lengths, backend=backend, key=self._key(backend, x), **product,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        off = "".join(f", {name}=False" for name in ("bias", "recurrent_bias") if not getattr(self, name))
        return f"{self.input_size}, {self.hidden_size}{off}"
