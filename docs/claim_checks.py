"""The checks behind docs/articles.md: what came out, told from the result rows, and whether it bears the claim out.

Every check takes the rows and gives the words for what came out and the verdict; some make a check for a label.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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


Check = Callable[[Rows], tuple[str, bool]]
"""Gives what came out, and whether the claim holds."""

DIGIT_SUM_LENGTHS = (10, 15, 20, 25, 30, 35)


def _accuracies(rows: Rows, table: str, label: str, key: str, values: Sequence[Any]) -> list[Measured]:
    return [rows.value(table, label, **{key: value}) for value in values]


def _told(measured: Sequence[Measured]) -> str:
    return ", ".join(f"{one.mean:.2f}" for one in measured)


def longer_is_worse(label: str) -> Check:
    """Longest below shortest by more than two standard errors."""

    def check(rows: Rows) -> tuple[str, bool]:
        found = _accuracies(rows, "digit-sum", label, "length", DIGIT_SUM_LENGTHS)
        first, last = found[0], found[-1]
        told = f"{label} at lengths {', '.join(map(str, DIGIT_SUM_LENGTHS))}: {_told(found)}"
        return told, first.mean - last.mean > _noise(first, last)

    return check


def _noise(*measured: Measured) -> float:
    """Two standard errors of the difference of means."""
    return 2 * sum((one.spread or 0.0) ** 2 / one.n for one in measured) ** 0.5


def lstm_above_srn(rows: Rows) -> tuple[str, bool]:
    """The LSTM's mean is the higher one at every length."""
    srn = _accuracies(rows, "digit-sum", "srn", "length", DIGIT_SUM_LENGTHS)
    lstm = _accuracies(rows, "digit-sum", "lstm", "length", DIGIT_SUM_LENGTHS)
    above = sum(mine.mean > other.mean for mine, other in zip(lstm, srn, strict=True))
    return f"lstm {_told(lstm)} against srn {_told(srn)}: above at {above} of {len(lstm)} lengths", above == len(lstm)


def training_decides(rows: Rows) -> tuple[str, bool]:
    """Some length stays below 0.95, however it is trained."""
    fair = _accuracies(rows, "digit-sum", "lstm-fair", "length", DIGIT_SUM_LENGTHS)
    return f"the same LSTM, trained otherwise: {_told(fair)}", min(one.mean for one in fair) < 0.95


def gru_parameters(_: Rows) -> tuple[str, bool]:
    """The share that a GRU saves is a third, within a hundredth."""
    gru, lstm = (
        sum(p.numel() for p in layer.parameters()) for layer in (rnnzoo.GRU(10, 20, 2), rnnzoo.LSTM(10, 20, 2))
    )
    return f"{gru:,} against {lstm:,}: {1 - gru / lstm:.0%} fewer", abs(1 - gru / lstm - 1 / 3) < 0.01


def keras(label: str, published: float) -> Check:
    """The best epoch's mean is not more than a hundredth below the published single run."""

    def check(rows: Rows) -> tuple[str, bool]:
        best = rows.value("imdb-keras", label, validation="test")
        return f"best of 4 epochs on the test reviews {best} ({best.n} seeds)", best.mean >= published - 0.01

    return check


def protocol_does_not_matter(rows: Rows) -> tuple[str, bool]:
    """The epoch chosen on held-out training reviews is within two standard errors of the best on the test reviews."""
    best, honest = (rows.value("imdb-keras", "srn", validation=protocol) for protocol in ("test", 0.1))
    return (
        f"{best} that way, {honest} where a tenth of the training reviews chooses",
        best.mean - honest.mean <= _noise(best, honest),
    )


def one_function(rows: Rows) -> tuple[str, bool]:
    """Loop and layers are within two standard errors, or a hundredth where there is one seed."""
    loop, fast = (rows.value("imdb-keras", label, validation="test") for label in ("srn-loop", "srn"))
    return f"{loop} and {fast}", abs(loop.mean - fast.mean) <= max(0.01, _noise(loop, fast))


def built_in_is_faster(layer: str, size: str) -> Check:
    """The loop takes longer than torch's built-in layer."""

    def check(rows: Rows) -> tuple[str, bool]:
        ratio = rows.value("own-vs-built-in", "step loop", "ratio", "forward", layer=layer, size=size).mean
        return f"the loop takes {ratio:.1f} times as long", ratio > 1

    return check


def both_directions(rows: Rows) -> tuple[str, bool]:
    """Both directions above 0.95, one below 0.6."""
    one, two = (rows.value("bidirectional", label, length=40) for label in ("lstm", "bilstm"))
    return f"one direction {one}, both {two} ({one.n} seeds)", two.mean > 0.95 and one.mean < 0.6


def bilstm_on_imdb(rows: Rows) -> tuple[str, bool]:
    """In the book's set-up at least 0.85."""
    book, ours, bag = (rows.value("imdb", label) for label in ("bilstm-6.4", "bilstm", "bag_of_words"))
    return f"{book} as the book sets it up; {ours} with our recipe; {bag} without any recurrence", book.mean >= 0.85


def without_clipping(rows: Rows) -> tuple[str, bool]:
    """Each of the three gradients is dead in more than half of the later steps."""
    shares = {name: rows.value("exploding-gradients", "srn", f"share_small_{name}", "train") for name in "WUb"}
    told = ", ".join(f"{name} {share.mean:.2f}" for name, share in shares.items())
    return f"share of the steps after the 10th with a gradient below 0.001: {told}", all(
        share.mean > 0.5 for share in shares.values()
    )


def clipping_keeps_alive(rows: Rows) -> tuple[str, bool]:
    """None of the three gradients is ever dead."""
    shares = [
        rows.value("exploding-gradients", "srn, each clipped", f"share_small_{name}", "train").mean for name in "WUb"
    ]
    return f"that share with each gradient clipped to norm 5: at most {max(shares):.2f}", max(shares) == 0


def clipping_helps(rows: Rows) -> tuple[str, bool]:
    """Better by more than two standard errors."""
    before, after = (rows.value("exploding-gradients", label) for label in ("srn", "srn, each clipped"))
    told = f"test accuracy {before} without, {after} with clipping ({before.n} seeds; guessing: {1 / 19:.3f})"
    return told, after.mean - before.mean > _noise(before, after)


LAGS = (5, 10, 20, 50, 100, 200)
CHANCE = 1 / 8  # of delayed recall


def _recalls(rows: Rows, label: str) -> dict[int, Measured]:
    return {lag: rows.value("vanishing-gradients", label, lag=lag) for lag in LAGS}


def _recall_told(found: dict[int, Measured]) -> str:
    return ", ".join(f"{one.mean:.2f} at {lag}" for lag, one in found.items())


def powerless(rows: Rows) -> tuple[str, bool]:
    """It recalls over 5 steps, and at lags above 10 less than twice as often as by chance."""
    found = _recalls(rows, "tanh")
    far = [one.mean for lag, one in found.items() if lag > 10]
    told = f"recall over a lag, chance {CHANCE:.2f}: {_recall_told(found)}"
    return told, found[5].mean > 0.9 and max(far) < 2 * CHANCE


def product_of_jacobians(rows: Rows) -> tuple[str, bool]:
    """A tanh network's gradient has lost 99 % within 20 steps."""
    reach = {
        label: rows.value("vanishing-gradients", label, "gradient_reach_start", "train", lag=200).mean
        for label in ("tanh", "relu", "identity", "lstm, forget bias 1", "gru")
    }
    told = ", ".join(f"{label} {steps:.0f}" for label, steps in reach.items())
    return f"steps until a hundredth is left, with initial weights: {told}", reach["tanh"] < 20


def cures(*labels: str) -> Check:
    """A cure recalls at least nine in ten at every lag up to 50."""

    def check(rows: Rows) -> tuple[str, bool]:
        found = {label: _recalls(rows, label) for label in labels}
        told = []
        for label, each in found.items():
            start, end = (
                rows.value("vanishing-gradients", label, f"gradient_reach_{when}", "train", lag=200).mean
                for when in ("start", "end")
            )
            told.append(
                f"{label}: recall {_recall_told(each)}; a hundredth left after {start:.0f} steps, trained {end:.0f}"
            )
        return "; ".join(told), all(each[lag].mean >= 0.9 for each in found.values() for lag in LAGS if lag <= 50)

    return check


@functools.cache
def _gates() -> tuple[torch.Tensor, torch.Tensor]:
    model = rnnzoo.load_pretrained("digit-sum-lstm")
    (values,) = model.gate_values(["6700100000"]).values()
    return values.gates["input"][0], values.gates["forget"][0]  # (10, 32) each


def input_gate_rests(_: Rows) -> tuple[str, bool]:
    """It changes by less than 0.05 a step in the mean."""
    change = _gates()[0][5:].diff(dim=0).abs()  # (4, 32): the zeros behind the 1
    told = (
        f"over the zeros behind the 1 it changes by {change.mean():.3f} a step in the mean, {change.max():.2f} at most"
    )
    return told, bool(change.mean() < 0.05)


def forget_gate_drops(_: Rows) -> tuple[str, bool]:
    """Some unit's gate falls by more than 0.2."""
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


def words_before_tell(_: Rows) -> tuple[str, bool]:
    """The two states differ."""
    states = {f: (_last_state(f, 1, 2, 4), _last_state(f, 1, 3, 4)) for f in ("relu", "tanh")}
    (to, off), (to_tanh, off_tanh) = states["relu"], states["tanh"]
    told = f"the state at 郑州 is {to:.0f} and {off:.0f} (with tanh, in single precision, {to_tanh:g} and {off_tanh:g})"
    return told, to != off


def look_up_is_one_hot(_: Rows) -> tuple[str, bool]:
    """The two are equal, to the bit."""
    table = torch.nn.Embedding(10, 4)
    tokens = torch.tensor([[6, 7, 0, 0, 1]])
    hot = torch.nn.functional.one_hot(tokens, 10).float()
    same = torch.equal(table(tokens), hot @ table.weight)
    return "equal" if same else "not equal", same
