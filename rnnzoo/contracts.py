"""The types that the rooms of rnnzoo hand to one another; no behaviour lives here.

Letters for dimensions, everywhere: B batch, T time, I input, H hidden, O output, V classes or vocabulary.
Batch comes first inside the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypedDict

if TYPE_CHECKING:
    from torch import Tensor

State = tuple["Tensor", ...]
"""What a cell carries from step to step: tensors with the batch first."""


class SequenceBatch(NamedTuple):
    """A batch of sequences with their targets; no member is ever ``None``."""

    inputs: Any  # (B, T) int64 tokens or (B, T, I) floats, or a dict of such tensors
    lengths: Tensor  # (B,) int64, at least 1
    targets: Any  # (B,) or (B, T) or (B, T, F), or a dict of such tensors
    weights: Tensor  # one per loss element, 0 on padding
    starts: Tensor  # (B,) bool, True where a carried state is to be zeroed


class PairBatch(NamedTuple):
    """A batch of source sequences, each with the sequence to be made of it; no member is ever ``None``."""

    inputs: Any  # (B, M) int64: what the decoder reads, the targets shifted by one behind the begin token
    lengths: Tensor  # (B,) int64, of inputs and targets: the end token is a step
    targets: Any  # (B, M) int64
    weights: Tensor  # (B, M), 0 on padding
    starts: Tensor  # (B,) bool
    source: Any  # (B, T) int64 tokens or (B, T, I) floats; for one input to a sequence, (B, I)
    source_lengths: Tensor  # (B,) int64, at least 1


class ForecastBatch(NamedTuple):
    """A batch of pasts of series, each with the M steps that follow; no member is ever ``None``.

    What is to be forecast comes first among the channels. A number in real units is ``location + scale * value``.
    """

    inputs: Tensor  # (B, L, C) floats: the F channels to be forecast, then those known of the past alone
    lengths: Tensor  # (B,) int64, at least 1: steps of the past that are there; the rest lies behind them
    targets: Tensor  # (B, M, F) floats
    weights: Tensor  # (B, M, F), 0 where a number is missing
    starts: Tensor  # (B,) bool
    known: Tensor  # (B, L + M, K): what is known in advance, such as the calendar; K may be 0
    static: Tensor  # (B, S): what does not change along a series; S may be 0
    series: Tensor  # (B,) int64, the number of each row's series
    origins: Tensor  # (B,) int64, the place in its series of the first step to be forecast
    location: Tensor  # (B, F)
    scale: Tensor  # (B, F), above 0


KINDS = {
    "label": "one of V classes for a sequence: targets (B,)",
    "tags": "one of V classes for every step: targets and weights (B, T)",
    "next_token": "a stream of tokens: targets and weights (B, T), the inputs one step on",
    "value": "numbers for a sequence: targets (B, F) floats",
    "pair": "a sequence for a sequence: PairBatch",
    "emission": "a sequence for one input: PairBatch with a source (B, I) or (B,)",
    "transcript": "a sequence for a longer one: SequenceBatch, targets (B, M) with 0, the blank, behind their ends",
    "forecast": "the steps that follow: ForecastBatch, targets and weights (B, M, F)",
    "frames": "the frame that follows each: targets (B, T, F) of 0 and 1, weights (B, T)",
}
"""What a dataset asks for."""


class Spec(TypedDict, total=False):
    """What a model must know of its data: a plain dict of primitives, known before the model is built."""

    kind: str  # see KINDS
    input: str  # "tokens" or "real"
    input_size: int  # number of token ids, or of channels
    output_size: int  # number of classes
    labels: list[str]  # the classes' names, in the order of their ids; of kind "value" the numbers' names
    target_mean: list[float]  # of kind "value", where targets are far from 0 to 1: each number's mean in training
    target_scale: list[float]  # and its standard deviation there, above 0
    vocabulary: str  # where the classes are tokens: a digest of them in their order
    unit: str  # of a stream or an emission: "character" or "word"
    classes: list[str]  # of emissions and frames: the names of what comes in, in the order of their numbers
    padding_id: int | None  # the token id of padding, where there is one
    begin: int  # of pairs: the token that the decoder reads first
    end: int  # of pairs: the token that it writes last
    target_padding_id: int  # of pairs: the token id beyond a target's end
    unknown: int | None  # of pairs: the target token that stands for every other one; never to be written
    joint_vocabulary: bool  # of pairs: whether source and target have the same tokens
    streaming: bool  # whether a batch continues the one before
    version: int  # goes up when the preprocessing changes
    scheme: str  # of kind "tags": "IOB1", "IOB2", "BIOES" or "BMES" where tags mark spans, else "none"
    characters: int  # number of character ids, 0 [PAD] and 1 [UNK] among them, where words come with their characters
    frame_seconds: float  # of sound: the time from one step to the next
    look_back: int  # of forecasts: L, the steps of the past
    horizon: int  # of forecasts: M, the steps to be forecast
    known: int  # of forecasts: K, the channels known in advance
    static: int  # of forecasts: S, the numbers that do not change along a series
    image: list[int]  # of channels that are an image: its height and width
    channels: list[str]  # of forecasts: the names of the channels of the past, those to be forecast first
    season: int  # of forecasts: the steps after which a series is like itself, 1 where there is no season
    naive_errors: list[list[float]]  # of forecasts: S x F, in training the mean |x_t - x_(t - season)|, real units
    intents: list[str]  # the labels of whole sentences, where there are such beside the steps' tags


class WordVectors(NamedTuple):
    """Pretrained vectors of a vocabulary's words."""

    values: Tensor  # (V, E) float32, zero where there is none
    known: Tensor  # (V,) bool, which words have one
    share: float  # of the training tokens that have one
    source: str  # where they are from


class MetricSpec(NamedTuple):
    """A metric's name, its unit and which direction is better."""

    name: str
    unit: str
    higher_is_better: bool


class Paper(NamedTuple):
    """Where an architecture was published."""

    title: str
    authors: str
    year: int
    url: str  # arXiv or DOI address; "" where there is none


class Cell(Protocol):
    """One recurrent layer in one direction: a plain ``nn.Module``.

    ``step`` states the paper's equations; ``forward`` is the same function over a whole sequence, fast.
    A row's final state is the state at its own length; outputs beyond it are zero.
    """

    input_size: int
    output_size: int
    state_shapes: tuple[tuple[int, ...], ...]  # of each member of the state, without the batch
    backend: str | None  # forced by the caller; None lets the op choose
    last_backend: str | None  # which one ran last

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: Any = None) -> State:
        """The state before the first step: tensors (B, *shape)."""

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: x (B, I) and a state to y (B, O) and the next state."""

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """All steps: x (B, T, I) to y (B, T, O) and the final state."""


class GateValues(NamedTuple):
    """What happens inside a cell at every step: values (B, T, width) by name, zero beyond a row's length."""

    gates: dict[str, Tensor]  # in the order of the equations; a name that begins with "candidate" is no gate
    states: dict[str, Tensor]  # as each step ends: "hidden", "cell", else the cell's own letter


class Codec(Protocol):
    """Turns what a user has (texts, digits, numbers) into model inputs, and can be rebuilt from primitives.

    A codec of tokens also has ``decode(ids) -> list[str]``, the words of token ids without padding.
    """

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """Inputs and lengths of the raw items; targets and weights are fillers."""

    def state(self) -> dict[str, Any]:
        """Primitives to rebuild the codec from; under "codec" its registered name."""


@dataclass(frozen=True)
class LayerEntry:
    """What an architecture declares about itself when it registers."""

    name: str
    target: type  # the Cell
    class_name: str  # rnnzoo.<class_name> is Recurrent around this cell
    paper: Paper | None  # None: not published
    kind: str  # "gated", "elementwise", "scan", "matrix" or "other"
    description: str  # one line
    tiny: Mapping[str, Any]  # keyword arguments of a small cell, for the laws
    oracle: str | None  # "torch.nn.LSTM" or "tests/oracles/<name>.py"; None shows as unverified
    causal: bool = True
    parallel: bool = False  # parallel over time
    exportable: bool = False  # torch.compile and torch.export
    double_backward: bool = False
    projection: bool = False  # takes proj_size
    exemptions: Mapping[str, str] = field(default_factory=dict)  # law -> reason
    differs: str = ""  # where other libraries differ from the paper, and the test that shows it ("tests/peers/...")


@dataclass(frozen=True)
class TaskEntry:
    """What a task declares: the kinds of data it accepts and its metrics."""

    name: str
    target: type
    description: str
    accepts: tuple[str, ...]
    metrics: tuple[MetricSpec, ...]


@dataclass(frozen=True)
class DataEntry:
    """What a dataset declares: its kind, licence and source."""

    name: str
    target: type
    description: str
    kind: str
    licence: str
    source: str  # the official address, or "" for generated data


@dataclass(frozen=True)
class CodecEntry:
    """What a codec declares."""

    name: str
    target: type


@dataclass(frozen=True)
class ResultRow:
    """One measured number and everything needed to trust or repeat it."""

    table: str
    spec: str  # hash of the run's settings and the data's version
    label: str  # the table's entry, usually the layer's name
    variant: dict[str, Any]  # whatever else the table varies, such as {"length": 35}
    layer: str
    task: str
    data: str
    data_version: str
    seed: int
    split: str
    metric: str
    value: float
    unit: str
    n: int  # elements the value is a mean over
    parameters: int
    steps: int
    seconds: float
    samples_per_second: float
    peak_memory_bytes: int
    device: str
    world_size: int
    precision: str
    versions: dict[str, str]
    commit: str
    dirty: bool
    finished_at: str  # UTC, ISO 8601
    checkpoint_sha256: str
    schema: int = 1
    trial: dict[str, Any] = field(default_factory=dict)  # which of a table's trials, such as {"learning_rate": 0.01}
    contest: str = ""  # hash of the settings that a run's trials have in common; "" where it is none
    solved: dict[str, Any] = field(default_factory=dict)  # what the runner worked out, such as {"hidden_size": 56}
    epochs: float = 0.0  # passes over the training data; 0: written before this was counted
    compile: dict[str, Any] = field(
        default_factory=dict
    )  # what --compile found, see bench.compiling; {}: not asked for
