"""What was written for a source, readable."""

from __future__ import annotations

from typing import Any, NamedTuple

from rnnzoo.modules.greedy_search import Hypothesis


class Candidate(NamedTuple):
    """One of the best answers for a source."""

    text: str
    score: float  # what answers are ranked by: log P / length factor + coverage
    log_probability: float  # nats


class Answer(NamedTuple):
    """A model's answer for one source."""

    text: str
    score: float
    n_best: list[Candidate]  # the answer itself is the first
    tokens: list[str]  # what was written, one by one, the end ("") with it
    attention: list[list[float]] | None  # for each token the weights of the source's steps; None without attention

    def line(self, raw: object) -> str:
        """One line for people."""
        return f"{self.text}\t{self.score:.3f}\t{raw}"


class AttentionMap(NamedTuple):
    """What was written for a source, and which of its steps counted."""

    text: str
    source: list[str]  # T steps
    target: list[str]  # M tokens, the end ("") with them
    weights: list[list[float]]  # (M, T)


def words(tokens: list[int], codec: Any | None) -> str:
    """The text of target tokens; without a codec their numbers."""
    return " ".join(map(str, tokens)) if codec is None else codec.decode_target(tokens)


def answer(found: list[Hypothesis], codec: Any | None) -> Answer:
    """The answer of the hypotheses of a source, the best first."""
    texts = [words(one.tokens, codec) for one in found]
    best = found[0]
    return Answer(
        text=texts[0],
        score=best.score,
        n_best=[Candidate(text, one.score, one.log_probability) for text, one in zip(texts, found, strict=True)],
        tokens=_each(best.tokens, codec) + [""] * best.ended,
        attention=None if best.attention is None else best.attention.tolist(),
    )


def _each(tokens: list[int], codec: Any | None) -> list[str]:
    return list(map(str, tokens)) if codec is None else codec.target_tokens(tokens)
