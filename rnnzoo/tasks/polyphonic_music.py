"""Music, frame by frame: whether each of F keys is down in the frame that follows, by any causal layers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.figures.piano_roll import Roll, piano_roll
from rnnzoo.midi import write_midi
from rnnzoo.modules.stream_encoder import StreamEncoder
from rnnzoo.registry import TASKS, unknown
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._composing import Composition, check_composing, read_piece
from rnnzoo.tasks._raw import create_codec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCEPTS = ("frames",)
METRICS = (
    MetricSpec("nll", "nats", False),
    MetricSpec("nll_by_piece", "nats", False),
    MetricSpec("accuracy", "fraction", True),
)
INJECTIONS = ("first", "every")
SHOWN = 5  # keys in an answer
FEW = -3.0  # the logit that keys begin with: some four of 88 are down at a time
PICTURED, GIVEN = 96, 32  # frames of a picture, and how many of them the model is given


class NextFrame(NamedTuple):
    """What may follow a piece, and how it was foreseen."""

    names: str  # of the notes that are likelier than not, such as "C4 E4 G4"
    chord: list[int]  # the same as MIDI numbers
    probabilities: dict[str, float]  # of the likeliest few notes
    nll: float | None  # nats a frame, of the piece's own; None where it has nothing to be told

    def line(self, raw: object) -> str:
        """One line for people."""
        told = "" if self.nll is None else f"{self.nll:.3f} nats a frame"
        return f"{self.names or 'silence'}\t{told}\t{raw!s:.60}"


@TASKS.register(
    "polyphonic_music",
    description="the next frame of a piano roll: which keys are down; music written on, or for a key and mode",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class PolyphonicMusic(SequenceTask):
    """Logits (B, T, F) of the keys that are down in the frame behind each of the frames (B, T, F).

    The keys of a frame are independent, given the frames before it: p(frame) is the product over the F keys of p or
    1 - p. ``nll`` is -log p(frame) in nats, the sum over all F keys (those that nobody plays, too), as a mean over all
    frames of all pieces together: what N. Boulanger-Lewandowski et al., arXiv:1206.6392, and S. Bai et al.,
    arXiv:1803.01271, count; ``nll_by_piece`` is the mean over the pieces of each one's own mean, in which short pieces
    count as much as long ones. A piece's first frame is told only where the data put a silent one before it.
    ``accuracy`` is the notes foreseen with p > 1/2 that come, over these and the wrong and the missed ones, of all
    frames together: M. Bay, A. F. Ehmann, J. S. Downie, ISMIR 2009.

    Where the data have classes (a key and mode for each piece), a step reads a vector of the class beside the frame.

    Args:
        spec: the datamodule's, of kind "frames".
        layer: any registered, causal architecture.
        injection: where the class enters: at the "first" step or at "every" step.
        hidden_size, num_layers, layer_options: of the recurrent layers.
        embedding_size: of the linear map of a frame (and of its class) that the layers read.
        dropout: of the features that the keys are told from.
        input_dropout: of what the layers read.
        hidden_dropout: between the layers.
        dropout_kind: of all three, "fresh" at every step or "locked" for a piece.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: a layer that reads from both ends, or a spec of another kind.
    """

    accepts = ACCEPTS
    metric_specs = METRICS

    def __init__(
        self,
        spec: Spec,
        layer: str = "lstm",
        injection: str = "every",
        hidden_size: int = 128,
        num_layers: int = 1,
        embedding_size: int = 64,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
        dropout_kind: str = "fresh",
        layer_options: dict[str, Any] | None = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        warmup: float = 0.0,
        clip_per_tensor: float | None = None,
        optimizer_options: dict[str, Any] | None = None,
        loss_reduction: str = "mean",
    ) -> None:
        super().__init__(
            spec,
            optimizer=optimizer,
            optimizer_options=optimizer_options,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            warmup=warmup,
            clip_per_tensor=clip_per_tensor,
            loss_reduction=loss_reduction,
        )
        self.save_hyperparameters()
        if injection not in INJECTIONS:
            raise unknown("injection", injection, INJECTIONS)
        self.injection = injection
        self.keys, self.classes = int(self.spec["output_size"]), len(self.spec.get("classes") or ())
        if self.spec["input"] != "real" or self.spec["input_size"] != self.keys:
            raise ValueError(
                f"the data's input is '{self.spec['input']}' of size {self.spec['input_size']} and its output_size "
                f"{self.keys}; expected frames in and the same frames out."
            )
        self.encoder = StreamEncoder(
            "real",
            self.keys + self.classes,
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            embedding_size=embedding_size,
            dropout=dropout,
            input_dropout=input_dropout,
            hidden_dropout=hidden_dropout,
            dropout_kind=dropout_kind,
            layer_options=layer_options,
        )
        self.head = nn.Linear(self.encoder.output_size, self.keys)
        nn.init.constant_(self.head.bias, FEW)

    def forward(self, inputs: Any, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, T, F).

        Args:
            inputs: frames (B, T, F); with classes a dict of "frames" and "class" (B,).
            lengths: (B,) on the CPU; ``None``: all steps count.
        """
        return self.head(self.encoder(self.told(inputs), None, lengths).features)

    def told(self, inputs: Any) -> Tensor:
        """What the layers read, (B, T, F + classes): the frames, and where the class enters, a 1 in its place.

        Raises:
            ValueError: the classes are not there, or are there and not expected; or one is none.
        """
        if isinstance(inputs, dict) != bool(self.classes):
            raise ValueError(
                f"the model was built for {self.classes} classes and inputs are "
                f"{'a dict' if isinstance(inputs, dict) else 'frames alone'}; give the data that it was built for."
            )
        if not isinstance(inputs, dict):
            return inputs
        frames = inputs["frames"]  # (B, T, F)
        given = self.hot(inputs["class"], frames)[:, None].expand(-1, frames.shape[1], -1)  # (B, T, classes)
        if self.injection == "first":
            given = torch.cat([given[:, :1], torch.zeros_like(given[:, 1:])], dim=1)
        return torch.cat([frames, given], dim=-1)

    def hot(self, classes: Tensor, like: Tensor) -> Tensor:
        """Classes (B,) as (B, classes) of one 1 each."""
        return F.one_hot(classes, self.classes).to(like.dtype)

    def losses(self, outputs: Tensor, batch: SequenceBatch) -> Tensor:
        """-log p of each frame (B, T), in nats."""
        return F.binary_cross_entropy_with_logits(outputs, batch.targets, reduction="none").sum(dim=-1)

    def measures(self, outputs: Tensor, batch: SequenceBatch) -> dict[str, Any]:
        """Nats of each frame and of each piece, and how many notes of those foreseen and those there are both."""
        nats, weights = self.losses(outputs, batch), batch.weights  # (B, T)
        frames = weights.sum(dim=1)  # (B,)
        each = (nats * weights).sum(dim=1) / frames.clamp(min=1)
        foreseen, there = outputs > 0, batch.targets > 0  # (B, T, F)
        either = (foreseen | there).sum(dim=-1) * weights  # (B, T)
        share = (foreseen & there).sum(dim=-1) / either.clamp(min=1)
        return {"nll": nats, "nll_by_piece": (each, (frames > 0).to(nats.dtype)), "accuracy": (share, either)}

    def answers(self, outputs: Tensor, batch: SequenceBatch) -> list[NextFrame]:
        """What may follow each piece, and its own nats a frame.

        Raises:
            ValueError: there is no codec.
        """
        codec = create_codec(self.codec)
        frames = batch.weights.sum(dim=1)  # (B,)
        nats = (self.losses(outputs, batch) * batch.weights).sum(dim=1) / frames.clamp(min=1)
        ends = batch.lengths.to(outputs.device) - 1
        chances = outputs[torch.arange(len(ends), device=ends.device), ends].float().sigmoid()  # (B, F)
        likeliest = chances.topk(min(SHOWN, self.keys), dim=1).indices.cpu()
        found = []
        for chance, best, nll, told in zip(chances.cpu(), likeliest, nats.tolist(), frames.tolist(), strict=True):
            chord = codec.chord(chance > 0.5)
            numbers = codec.chord(torch.zeros(self.keys).scatter_(0, best, 1.0))
            shares = dict(zip(codec.names(numbers), chance[best.sort().values].tolist(), strict=True))
            shares = dict(sorted(shares.items(), key=lambda item: -item[1]))
            found.append(NextFrame(" ".join(codec.names(chord)), chord, shares, nll if told else None))
        return found

    def generate(
        self,
        prompt: Any = (),
        steps: int = 64,
        *,
        key: str | None = None,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[int]]:
        """The chords (MIDI numbers) that the model writes behind ``prompt``; see ``stream``."""
        return list(self.stream(prompt, steps, key=key, temperature=temperature, seed=seed))

    def stream(
        self,
        prompt: Any = (),
        steps: int = 64,
        *,
        key: str | None = None,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> Iterator[list[int]]:
        """The chords behind ``prompt``, one by one as they are written.

        Any number of steps takes the same memory: a state, and a step of the layers for each frame.

        Args:
            prompt: a piece as the data's codec takes it: chords, an array, or the path of a MIDI file. It may be empty
                where the data's ``first_frame`` is set (and a key is given, where the data have keys).
            steps: frames to write.
            key: the key and mode, such as "G minor", where the data come with keys; ``None``: as the prompt's.
            temperature: what logits are divided by; 0: exactly the keys that are likelier down than not.
            seed: of the drawing: the same chords each time.

        Raises:
            ValueError: a setting outside what is said here, no codec, or a prompt that it cannot encode; all before the
                first chord is asked for.
            UnknownName: no such key.
        """
        check_composing(steps, temperature)
        if key is not None and not self.classes:
            raise ValueError(f"key is {key!r} and the model knows no keys; train it on data with condition='key'.")
        codec, logits, state, told = read_piece(self, prompt, key)
        frames = Composition(self, logits, state, told, temperature=temperature, seed=seed)
        return (codec.chord(next(frames)[0].cpu()) for _ in range(steps))

    def save_midi(
        self, path: str | os.PathLike[str], prompt: Any = (), steps: int = 64, *, tempo: float = 90.0, **settings: Any
    ) -> Path:
        """Write a MIDI file of ``prompt`` with what the model writes behind it.

        Args:
            path: where to.
            prompt, steps, settings: see ``stream``.
            tempo: quarters a minute.

        Raises:
            ValueError: as ``stream`` and ``rnnzoo.midi.write_midi``.
        """
        codec = create_codec(self.codec)
        chords = [*codec.chords(prompt), *self.generate(prompt, steps, **settings)]
        return write_midi(path, chords, frames_per_quarter=codec.frames_per_quarter, tempo=tempo)

    def pictures(self, batch: SequenceBatch) -> dict[str, Figure]:
        """The first piece of a batch, and how the model goes on behind its beginning."""
        codec = create_codec(self.codec)
        frames = batch.inputs["frames"] if isinstance(batch.inputs, dict) else batch.inputs
        piece = [codec.chord(frame) for frame in frames[0, : int(batch.lengths[0])][:PICTURED].cpu()]
        piece = piece[1:] if codec.first_frame else piece
        given = min(GIVEN, max(1, len(piece) // 2))
        key = codec.classes[int(batch.inputs["class"][0])] if self.classes else None
        written = self.generate(piece[:given], max(1, len(piece) - given), key=key)
        rolls = [Roll("the piece", piece), Roll("written on behind the line", piece[:given] + written, given)]
        return {"piano_roll": piano_roll(rolls)}
