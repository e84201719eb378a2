"""What the five teaching texts claim, what was run to check it, and what came out: the table of docs/articles.md.

Each verdict is worked out from the result rows by the rule that stands beside it; no number and no verdict is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

import rnnzoo
from rnnzoo.bench.errors import NoRows
from rnnzoo.bench.report import table_rows
from rnnzoo.bench.summary import Line, Measured, summarise
from rnnzoo.bench.table import load_table


class Rows:
    """The summarised result rows under a folder, looked up by table, label, metric and variant."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._lines: dict[str, list[Line]] = {}

    def lines(self, table: str) -> list[Line]:
        """The lines of a table.

        Raises:
            NoRows: it has no rows.
        """
        if table not in self._lines:
            found = load_table(table)
            self._lines[table] = summarise(found, table_rows(found, self.results))
        return self._lines[table]

    def value(self, table: str, label: str, metric: str = "accuracy", split: str = "test", **variant: Any) -> Measured:
        """A metric's mean over seeds.

        Raises:
            NoRows: no such row.
        """
        for line in self.lines(table):
            if line.label == label and line.variant == variant and (split, metric) in line.values:
                return line.values[split, metric]
        raise NoRows(f"table {table} has no {split} {metric} of {label} at {variant}; `rnnzoo bench run {table}`.")


class Claim(NamedTuple):
    """A statement of an article and its check."""

    article: str
    says: str
    ran: str  # a command, or a page
    check: Callable[[Rows], tuple[str, bool]]  # what came out, and whether the claim holds


DIGIT_SUM_LENGTHS = (10, 15, 20, 25, 30, 35)


def _accuracies(rows: Rows, table: str, label: str, key: str, values: Sequence[Any]) -> list[Measured]:
    return [rows.value(table, label, **{key: value}) for value in values]


def _told(measured: Sequence[Measured]) -> str:
    return ", ".join(f"{one.mean:.2f}" for one in measured)


def _longer_is_worse(label: str) -> Callable[[Rows], tuple[str, bool]]:
    def check(rows: Rows) -> tuple[str, bool]:
        found = _accuracies(rows, "digit-sum", label, "length", DIGIT_SUM_LENGTHS)
        first, last = found[0], found[-1]
        told = f"{label} at lengths {', '.join(map(str, DIGIT_SUM_LENGTHS))}: {_told(found)}"
        return told, first.mean - last.mean > _noise(first, last)

    return check


def _noise(*measured: Measured) -> float:
    """Two standard errors of the difference of means."""
    return 2 * sum((one.spread or 0.0) ** 2 / one.n for one in measured) ** 0.5


def _lstm_above_srn(rows: Rows) -> tuple[str, bool]:
    srn = _accuracies(rows, "digit-sum", "srn", "length", DIGIT_SUM_LENGTHS)
    lstm = _accuracies(rows, "digit-sum", "lstm", "length", DIGIT_SUM_LENGTHS)
    above = sum(mine.mean > other.mean for mine, other in zip(lstm, srn, strict=True))
    return f"lstm {_told(lstm)} against srn {_told(srn)}: above at {above} of {len(lstm)} lengths", above == len(lstm)


def _training_decides(rows: Rows) -> tuple[str, bool]:
    fair = _accuracies(rows, "digit-sum", "lstm-fair", "length", DIGIT_SUM_LENGTHS)
    return f"the same LSTM, trained otherwise: {_told(fair)}", min(one.mean for one in fair) < 0.95


def _gru_parameters(_: Rows) -> tuple[str, bool]:
    gru, lstm = (
        sum(p.numel() for p in layer.parameters()) for layer in (rnnzoo.GRU(10, 20, 2), rnnzoo.LSTM(10, 20, 2))
    )
    return f"{gru:,} against {lstm:,}: {1 - gru / lstm:.0%} fewer", abs(1 - gru / lstm - 1 / 3) < 0.01


def _keras(label: str, published: float) -> Callable[[Rows], tuple[str, bool]]:
    def check(rows: Rows) -> tuple[str, bool]:
        best = rows.value("imdb-keras", label, validation="test")
        honest = rows.value("imdb-keras", label, validation=0.1)
        told = f"best of 4 epochs on the test reviews {best} ({best.n} seeds); chosen honestly {honest}"
        return told, best.mean >= published - 0.01

    return check


def _one_function(rows: Rows) -> tuple[str, bool]:
    loop, fast = (rows.value("imdb-keras", label, validation="test") for label in ("srn-loop", "srn"))
    return f"{loop} and {fast}", abs(loop.mean - fast.mean) <= max(0.01, _noise(loop, fast))


def _built_in_is_faster(layer: str, size: str) -> Callable[[Rows], tuple[str, bool]]:
    def check(rows: Rows) -> tuple[str, bool]:
        ratio = rows.value("own-vs-built-in", "step loop", "ratio", "forward", layer=layer, size=size).mean
        return f"the loop takes {ratio:.1f} times as long", ratio > 1

    return check


def _both_directions(rows: Rows) -> tuple[str, bool]:
    one, two = (rows.value("bidirectional", label, length=40) for label in ("lstm", "bilstm"))
    return f"one direction {one}, both {two} ({one.n} seeds)", two.mean > 0.95 and one.mean < 0.6


def _bilstm_on_imdb(rows: Rows) -> tuple[str, bool]:
    book, ours, bag = (rows.value("imdb", label) for label in ("bilstm-6.4", "bilstm", "bag_of_words"))
    return f"{book} as the book sets it up; {ours} with our recipe; {bag} without any recurrence", book.mean >= 0.85


def _without_clipping(rows: Rows) -> tuple[str, bool]:
    shares = {name: rows.value("exploding-gradients", "srn", f"share_small_{name}", "train") for name in "WUb"}
    told = ", ".join(f"{name} {share.mean:.2f}" for name, share in shares.items())
    return f"share of the steps after the 10th with a gradient below 0.001: {told}", all(
        share.mean > 0.5 for share in shares.values()
    )


def _clipping_keeps_alive(rows: Rows) -> tuple[str, bool]:
    shares = [
        rows.value("exploding-gradients", "srn, each clipped", f"share_small_{name}", "train").mean for name in "WUb"
    ]
    return f"that share with each gradient clipped to norm 5: at most {max(shares):.2f}", max(shares) == 0


def _clipping_helps(rows: Rows) -> tuple[str, bool]:
    before, after = (rows.value("exploding-gradients", label) for label in ("srn", "srn, each clipped"))
    told = f"test accuracy {before} without, {after} with clipping ({before.n} seeds; guessing: {1 / 19:.3f})"
    return told, after.mean - before.mean > _noise(before, after)


LAGS = (5, 10, 20, 50, 100, 200)
CHANCE = 1 / 8  # of delayed recall


def _recalls(rows: Rows, label: str) -> dict[int, Measured]:
    return {lag: rows.value("vanishing-gradients", label, lag=lag) for lag in LAGS}


def _recall_told(found: dict[int, Measured]) -> str:
    return ", ".join(f"{one.mean:.2f} at {lag}" for lag, one in found.items())


def _powerless(rows: Rows) -> tuple[str, bool]:
    found = _recalls(rows, "tanh")
    far = [one.mean for lag, one in found.items() if lag > 10]
    told = f"recall over a lag, chance {CHANCE:.2f}: {_recall_told(found)}"
    return told, found[5].mean > 0.9 and max(far) < 2 * CHANCE


def _product_of_jacobians(rows: Rows) -> tuple[str, bool]:
    reach = {
        label: rows.value("vanishing-gradients", label, "gradient_reach_start", "train", lag=200).mean
        for label in ("tanh", "relu", "identity", "lstm, forget bias 1", "gru")
    }
    told = ", ".join(f"{label} {steps:.0f}" for label, steps in reach.items())
    return f"steps until a hundredth is left, with initial weights: {told}", reach["tanh"] < 20


def _cures(*labels: str) -> Callable[[Rows], tuple[str, bool]]:
    """A cure recalls at least nine in ten at every lag up to 50."""

    def check(rows: Rows) -> tuple[str, bool]:
        found = {label: _recalls(rows, label) for label in labels}
        told = "; ".join(f"{label} {_recall_told(each)}" for label, each in found.items())
        return told, all(each[lag].mean >= 0.9 for each in found.values() for lag in LAGS if lag <= 50)

    return check


def _gates() -> tuple[torch.Tensor, torch.Tensor]:
    model = rnnzoo.load_pretrained("digit-sum-lstm")
    (values,) = model.gate_values(["6700100000"]).values()
    return values.gates["input"][0], values.gates["forget"][0]  # (10, 32) each


def _input_gate_rests(_: Rows) -> tuple[str, bool]:
    change = _gates()[0][5:].diff(dim=0).abs()  # (4, 32): the zeros behind the 1
    told = (
        f"over the zeros behind the 1 it changes by {change.mean():.3f} a step in the mean, {change.max():.2f} at most"
    )
    return told, bool(change.mean() < 0.05)


def _forget_gate_drops(_: Rows) -> tuple[str, bool]:
    forget = _gates()[1]
    drops = int((forget[3] - forget[4] > 0.2).sum())
    return f"at the 1 it falls by more than 0.2 in {drops} of {forget.shape[1]} units", drops > 0


def _last_state(nonlinearity: str, *words: int) -> float:
    """Of the network whose weights are all one, as it reads words that are vectors [n, n]."""
    layer = rnnzoo.RNN(2, 2, nonlinearity=nonlinearity, bias=False, batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(1.0)
        _, state = layer(torch.tensor([[[float(word)] * 2 for word in words]]))
    return float(state.flatten()[0])


def _words_before_tell(_: Rows) -> tuple[str, bool]:
    states = {f: (_last_state(f, 1, 2, 4), _last_state(f, 1, 3, 4)) for f in ("relu", "tanh")}
    (to, off), (to_tanh, off_tanh) = states["relu"], states["tanh"]
    told = f"the state at 郑州 is {to:.0f} and {off:.0f} (with tanh, in single precision, {to_tanh:g} and {off_tanh:g})"
    return told, to != off


def _look_up_is_one_hot(_: Rows) -> tuple[str, bool]:
    table = torch.nn.Embedding(10, 4)
    tokens = torch.tensor([[6, 7, 0, 0, 1]])
    hot = torch.nn.functional.one_hot(tokens, 10).float()
    same = torch.equal(table(tokens), hot @ table.weight)
    return "equal" if same else "not equal", same


VANISHING = "`rnnzoo bench run vanishing-gradients`"

CLAIMS: tuple[Claim, ...] = (
    Claim("000", "A gradient going back in time is a product that vanishes.", VANISHING, _product_of_jacobians),
    Claim("000", "ReLU cures vanishing gradients, as its slope is 1.", VANISHING, _cures("relu")),
    Claim("000, 003", "LSTM and GRU cure them.", VANISHING, _cures("lstm, forget bias 1", "gru")),
    Claim("001", "Beyond about ten steps an SRN is powerless.", VANISHING, _powerless),
    Claim(
        "001",
        "A GRU has a third fewer parameters than an LSTM.",
        "parameter counts, 10 to 20 units, 2 layers",
        _gru_parameters,
    ),
    Claim(
        "003",
        "The longer the sequence, the worse an SRN remembers.",
        "`rnnzoo bench run digit-sum`",
        _longer_is_worse("srn"),
    ),
    Claim(
        "003", "An LSTM remembers better than an SRN, at every length.", "`rnnzoo bench run digit-sum`", _lstm_above_srn
    ),
    Claim("003", "An LSTM also gets worse with the length.", "`rnnzoo bench run digit-sum`", _longer_is_worse("lstm")),
    Claim(
        "003", "That is the limit of its memory.", "`rnnzoo bench run digit-sum --layers lstm-fair`", _training_decides
    ),
    Claim(
        "002",
        "All weights 1: 郑州 behind 去 and behind 离开 is told apart.",
        "[worked examples](worked-examples.md)",
        _words_before_tell,
    ),
    Claim(
        "003",
        "Gradients of an SRN explode, and then nothing is learned any more.",
        "`rnnzoo bench run exploding-gradients`",
        _without_clipping,
    ),
    Claim(
        "000, 003",
        "Exploding gradients are easily cured: clip them.",
        "`rnnzoo bench run exploding-gradients`",
        _clipping_keeps_alive,
    ),
    Claim("003", "And the accuracy improves somewhat.", "`rnnzoo bench run exploding-gradients`", _clipping_helps),
    Claim("003", "The input gate rests while zeros are read.", "`rnnzoo plot gates`", _input_gate_rests),
    Claim("003", "The forget gate drops in some units at the stray digit.", "`rnnzoo plot gates`", _forget_gate_drops),
    Claim(
        "003",
        "Looking an embedding up and multiplying a one-hot vector by it are the same.",
        "[worked examples](worked-examples.md)",
        _look_up_is_one_hot,
    ),
    Claim(
        "003",
        "The framework's SRN is clearly faster than a loop of one's own (2x5x10).",
        "`rnnzoo bench run own-vs-built-in`",
        _built_in_is_faster("srn", "2x5x10-10"),
    ),
    Claim(
        "003",
        "Its LSTM is far faster than a loop of one's own (8x20x32).",
        "`rnnzoo bench run own-vs-built-in`",
        _built_in_is_faster("lstm", "8x20x32-32"),
    ),
    Claim(
        "003",
        "A bidirectional LSTM classifies IMDB reviews (the book: about 0.86).",
        "`rnnzoo bench run imdb`",
        _bilstm_on_imdb,
    ),
    Claim(
        "004",
        "Two SRN layers in a hand-written loop reach 0.8224 on IMDB.",
        "`rnnzoo bench run imdb-keras`",
        _keras("srn-loop", 0.8224),
    ),
    Claim("004", "The high-level layers reach 0.8230.", "`rnnzoo bench run imdb-keras`", _keras("srn", 0.8230)),
    Claim("004", "The loop and the layers are the same network.", "`rnnzoo bench run imdb-keras`", _one_function),
    Claim(
        "004",
        "The start of a long sequence needs the backward direction (re-edition: both 100 %, one 50 %).",
        "`rnnzoo bench run bidirectional`",
        _both_directions,
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
