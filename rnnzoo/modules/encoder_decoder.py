"""An encoder, the context made of its states, and a decoder: a sequence for a sequence."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor, nn

from rnnzoo.modules.beam_search import beam_search
from rnnzoo.modules.bridge import create_bridge
from rnnzoo.modules.context import Context
from rnnzoo.modules.decoder import Decoder, DecoderState, Memory
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.greedy_search import Hypothesis, greedy_search, without
from rnnzoo.modules.layer_states import split_cells
from rnnzoo.recurrent.recurrent import Recurrent
from rnnzoo.registry import unknown

INJECTIONS = ("initial", "every", "both", "none")


class Encoded(NamedTuple):
    """What a decoder has of B sources before its first step."""

    state: DecoderState
    memory: Memory


class EncoderDecoder(nn.Module):
    """Logits for target sequences of source sequences.

    Args:
        encoder: of the sources.
        context: "last", "transform" or "transform_all", see ``modules.context``.
        context_size, context_pooling: of the context, where it is a transform.
        injection: where the context goes: "initial", into the decoder's initial state; "every", into every step's
            input; "both"; or "none", which leaves the source to attention.
        start: what the initial state is: "context", "zeros" or "random"; ``None``: "context" with the injections
            "initial" and "both", else "zeros".
        bridge: how the context is made the initial state, see ``modules.bridge``; ``None``: as the states allow.
        decoder: the arguments of ``Decoder`` but for those on the context and the memory, with its vocabulary.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that do not go together.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        context: str = "last",
        context_size: int | None = None,
        context_pooling: str = "mean",
        injection: str = "initial",
        start: str | None = None,
        bridge: str | None = None,
        decoder: dict[str, Any],
    ) -> None:
        super().__init__()
        if injection not in INJECTIONS:
            raise unknown("injection", injection, INJECTIONS)
        initial = injection in ("initial", "both")
        start = ("context" if initial else "zeros") if start is None else start
        if initial != (start == "context"):
            raise ValueError(
                f"injection is '{injection}' and start is '{start}': with the injections 'initial' and 'both' the "
                "decoder starts from the 'context', with 'every' and 'none' from 'zeros' or 'random'."
            )
        if injection == "none" and decoder.get("attention", "none") == "none":
            raise ValueError("injection is 'none' and so is attention: the decoder would know nothing of the source.")
        if injection == "none" and context != "last":
            raise ValueError(
                f"context is '{context}' and injection is 'none', so it would go nowhere; leave it 'last'."
            )
        if bridge is not None and not initial:
            raise ValueError(f"bridge is '{bridge}' and injection is '{injection}', which makes no initial state.")
        self.encoder = encoder
        self.context = Context(
            context, encoder.output_size, directions=encoder.directions, size=context_size, pooling=context_pooling
        )
        self.decoder = Decoder(
            **decoder,
            context_size=self.context.output_size,
            every_step=injection in ("every", "both"),
            from_context=initial,
            memory_size=encoder.output_size,
        )
        alike = context == "last" and _alike(encoder.recurrent, self.decoder.recurrent)
        self.bridge = create_bridge(
            self.decoder.recurrent, self.context.output_size, start=start, bridge=bridge, alike=alike
        )

    def encode(self, source: Tensor, lengths: Tensor | None = None) -> Encoded:
        """What the decoder is told of sources (B, T) or (B, T, I) of these lengths (B,)."""
        features, lengths, hx = self.encoder.run(source, lengths)  # (B, T, D)
        context = self.context(features, lengths)  # (B, C)
        states = [] if hx is None or isinstance(hx, list) else split_cells(hx)
        begun = self.bridge(self.decoder.recurrent, context, states)
        return Encoded(self.decoder.begin(begun, context), self.decoder.remember(features, context, lengths))

    def forward(
        self, source: Tensor, source_lengths: Tensor | None, inputs: Tensor, given: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Logits (B, M, V) and attention's weights (B, M, T), ``None`` without attention.

        Args:
            source: (B, T) or (B, T, I).
            source_lengths: (B,); ``None``: all T steps count.
            inputs: (B, M), what the decoder reads.
            given: (B, M) bool, see ``Decoder.forward``.
        """
        state, memory = self.encode(source, source_lengths)
        return self.decoder(inputs, state, memory, given)

    def search(
        self,
        source: Tensor,
        source_lengths: Tensor | None,
        *,
        begin: int,
        end: int,
        limits: Tensor,
        never: Tensor | None = None,
        beam: int = 0,
        attention: bool = False,
        **options: Any,
    ) -> list[list[Hypothesis]]:
        """Targets for sources: the greedy one, or the best of a beam.

        Args:
            source, source_lengths: as for ``forward``.
            begin, end, limits, attention: see ``modules.greedy_search``.
            never: tokens that are never written.
            beam: how wide; 0: the greedy search.
            options: of ``beam_search``.
        """
        encoded = self.encode(source, source_lengths)
        step = without(self.decoder.step, never)
        given: dict[str, Any] = {"begin": begin, "end": end, "limits": limits, "attention": attention}
        if not beam:
            return [[one] for one in greedy_search(step, encoded.state, encoded.memory, **given)]
        attended = encoded.memory.attended
        inside = None if attended is None else attended.inside
        return beam_search(step, encoded.state, encoded.memory, beam=beam, inside=inside, **given, **options)


def _alike(encoder: Any, decoder: Any) -> bool:
    """Whether the final states of the encoder's layers are initial states of the decoder's."""
    if not isinstance(encoder, Recurrent) or encoder.layer != decoder.layer or encoder.bidirectional:
        return False
    if any("learned_state" in stack.wrappers for stack in (encoder, decoder)):
        return False  # a learned state is there to be used
    ours, theirs = ([cell.state_shapes for cell in stack._cells()] for stack in (encoder, decoder))
    return ours == theirs
