"""Prices as they are, or as logarithms of what each day's is times the day before's."""

from __future__ import annotations

import numpy as np

from rnnzoo.data._series import Series

FORMS = ("prices", "returns")


def check_form(form: str) -> None:
    """Refuse what is no form of prices.

    Raises:
        ValueError: as said.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}; expected {' or '.join(map(repr, FORMS))}.")


def log_returns(series: Series, columns: list[str]) -> Series:
    """The series r_t = log p_t - log p_(t - 1), from its second row on; NaN where either price is missing.

    Raises:
        ValueError: a price is not above 0; says which row.
    """
    wrong = np.argwhere(series.values <= 0)
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"{series.place(int(row))}: {columns[column]} is {series.values[row, column]:g}; returns need prices above "
            "0. Leave the column out, or take form='prices'."
        )
    return series._replace(
        values=np.diff(np.log(series.values), axis=0),
        times=None if series.times is None else series.times[1:],
        lines=None if series.lines is None else series.lines[1:],
    )


def drawn_prices(days: int, columns: int, name: str = "") -> Series:
    """Made-up prices (T, C) of business days: random walks, each another with another name."""
    random = np.random.RandomState(sum(map(ord, name)))
    values = 50 * np.exp(0.01 * random.standard_normal((days, columns)).cumsum(axis=0))
    times = np.busday_offset(np.array("2006-01-02", dtype="M8[D]"), np.arange(days), roll="forward").astype(
        "datetime64[ns]"
    )
    return Series(name, values, times)
