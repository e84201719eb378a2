"""What the five teaching texts claim, what was run to check it, and what came out: the table of docs/articles.md.

Each verdict is worked out from the result rows by a rule in claim_checks.py; no number and no verdict is typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import claim_checks as checks
from claim_checks import Check, Rows

from rnnzoo.bench.errors import NoRows


class Claim(NamedTuple):
    """A statement of an article and its check."""

    article: str
    says: str
    ran: str  # a command, or a page
    check: Check


DIGIT_SUM, VANISHING, EXPLODING, RACE, KERAS = (
    f"`rnnzoo bench run {table}`"
    for table in ("digit-sum", "vanishing-gradients", "exploding-gradients", "own-vs-built-in", "imdb-keras")
)
GATES, BY_HAND = "`rnnzoo plot gates`", "[worked examples](worked-examples.md)"

CLAIMS: tuple[Claim, ...] = (
    Claim("000", "A gradient going back in time is a product that vanishes.", VANISHING, checks.product_of_jacobians),
    Claim("000", "ReLU cures vanishing gradients, as its slope is 1.", VANISHING, checks.cures("relu")),
    Claim("000, 003", "LSTM and GRU cure them.", VANISHING, checks.cures("lstm, forget bias 1", "gru")),
    Claim("001", "Beyond about ten steps an SRN is powerless.", VANISHING, checks.powerless),
    Claim(
        "001",
        "A GRU has a third fewer parameters than an LSTM.",
        "parameter counts, 10 to 20 units, 2 layers",
        checks.gru_parameters,
    ),
    Claim("003", "The longer the sequence, the worse an SRN remembers.", DIGIT_SUM, checks.longer_is_worse("srn")),
    Claim("003", "An LSTM remembers better than an SRN, at every length.", DIGIT_SUM, checks.lstm_above_srn),
    Claim("003", "An LSTM also gets worse with the length.", DIGIT_SUM, checks.longer_is_worse("lstm")),
    Claim(
        "003",
        "What it forgets there is the limit of an LSTM's memory.",
        "`rnnzoo bench run digit-sum --layers lstm-fair`",
        checks.training_decides,
    ),
    Claim("002", "All weights 1: 郑州 behind 去 and behind 离开 is told apart.", BY_HAND, checks.words_before_tell),
    Claim(
        "003", "Gradients of an SRN explode, and then nothing is learned any more.", EXPLODING, checks.without_clipping
    ),
    Claim("000, 003", "Exploding gradients are easily cured: clip them.", EXPLODING, checks.clipping_keeps_alive),
    Claim("003", "And the accuracy improves somewhat.", EXPLODING, checks.clipping_helps),
    Claim("003", "The input gate rests while zeros are read.", GATES, checks.input_gate_rests),
    Claim("003", "The forget gate drops in some units at the stray digit.", GATES, checks.forget_gate_drops),
    Claim(
        "003",
        "Looking an embedding up and multiplying a one-hot vector by it are the same.",
        BY_HAND,
        checks.look_up_is_one_hot,
    ),
    Claim(
        "003",
        "The framework's SRN is clearly faster than a loop of one's own (2x5x10).",
        RACE,
        checks.built_in_is_faster("srn", "2x5x10-10"),
    ),
    Claim(
        "003",
        "Its LSTM is far faster than a loop of one's own (8x20x32).",
        RACE,
        checks.built_in_is_faster("lstm", "8x20x32-32"),
    ),
    Claim(
        "003",
        "A bidirectional LSTM classifies IMDB reviews (the book: about 0.86).",
        "`rnnzoo bench run imdb`",
        checks.bilstm_on_imdb,
    ),
    Claim(
        "004", "Two SRN layers in a hand-written loop reach 0.8224 on IMDB.", KERAS, checks.keras("srn-loop", 0.8224)
    ),
    Claim("004", "The high-level layers reach 0.8230.", KERAS, checks.keras("srn", 0.8230)),
    Claim("004", "The epoch may be chosen on the test reviews.", KERAS, checks.protocol_does_not_matter),
    Claim("004", "The loop and the layers are the same network.", KERAS, checks.one_function),
    Claim(
        "004",
        "The start of a long sequence needs the backward direction (re-edition: both 100 %, one 50 %).",
        "`rnnzoo bench run bidirectional`",
        checks.both_directions,
    ),
)


def claims_table(results: Path) -> str:
    """The claims as a Markdown table; one whose rows are not there yet says so."""
    rows = Rows(results)
    lines = ["| text | claim | what we ran | what came out | verdict |", "| --- | --- | --- | --- | --- |"]
    for claim in sorted(CLAIMS, key=lambda claim: claim.article):
        try:
            came_out, holds = claim.check(rows)
            verdict = "holds" if holds else "**does not hold**"
        except NoRows:
            came_out, verdict = "not measured yet", "open"
        lines.append(f"| {claim.article} | {claim.says} | {claim.ran} | {came_out} | {verdict} |")
    return "\n".join(lines)
