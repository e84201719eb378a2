"""A tagger's answer for a sentence: tags, the spans that they mark in the text, and how it is shown."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rnnzoo.tag_schemes import Span

if TYPE_CHECKING:
    from rich.text import Text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


class TaggedSpan(NamedTuple):
    """A stretch of the text that is one thing."""

    label: str
    start: int  # characters of the text
    end: int  # the end is not in it
    text: str


class TaggedSentence(NamedTuple):
    """A model's answer for one sentence."""

    text: str  # as it was given; of a list of words, these joined by blanks
    tokens: list[str]  # the text of each step
    tags: list[str]  # of each step
    probabilities: list[float]  # of each step's tag
    spans: list[TaggedSpan]
    intent: str | None = None  # the label of the whole sentence, where there is such
    intent_probability: float | None = None
    illegal: int = 0  # steps whose likeliest tag the scheme does not allow there

    def line(self, raw: object = None) -> Text:
        """One line for people: the intent, then the text with its spans in brackets and colours, each with its label.

        Where tags mark no spans, each step with its tag.
        """
        from rich.text import Text

        line = Text(end="")
        if self.intent is not None:
            line.append(f"{self.intent}", style="bold").append(f" {self.intent_probability:.3f}\t")
        if not self.spans and not _outside(self.tags):
            for token, tag in zip(self.tokens, self.tags, strict=True):
                line.append(token).append(f"/{tag} ", style=colour(tag))
            line.rstrip()
            return line
        place = 0
        for span in self.spans:
            line.append(self.text[place : span.start])
            style = colour(span.label)
            label = f" {span.label}" if span.label else ""
            line.append("[", style=style).append(span.text, style=f"bold {style}").append(f"{label}]", style=style)
            place = span.end
        return line.append(self.text[place:])


def tagged_sentence(
    text: str,
    steps: Sequence[tuple[int, int]],
    tags: list[str],
    probabilities: list[float],
    spans: Sequence[Span],
) -> TaggedSentence:
    """The answer for a text.

    Args:
        steps: where each step stands in the text.
        spans: in steps.
    """
    places = [(span.type, steps[span.start][0], steps[span.end - 1][1]) for span in spans]
    return TaggedSentence(
        text,
        [text[start:end] for start, end in steps],
        tags,
        probabilities,
        [TaggedSpan(label, start, end, text[start:end]) for label, start, end in places],
    )


def joined(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text of tokens, with blanks between them, and where each stands."""
    ends, place = [], 0
    for token in tokens:
        ends.append((place, place + len(token)))
        place += len(token) + 1
    return " ".join(tokens), ends


def colour(label: str) -> str:
    """The same for the same label, in every run."""
    return COLOURS[zlib.crc32(label.encode()) % len(COLOURS)]


def _outside(tags: Sequence[str]) -> bool:
    return all(tag == "O" for tag in tags)
