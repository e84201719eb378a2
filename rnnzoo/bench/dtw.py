"""Dynamic time warping: how far two series are from one another when time may be stretched, and the nearest of many.

D(i, j) = |a_i - b_j|^2 + min(D(i-1, j), D(i, j-1), D(i-1, j-1)), D of the last steps; the square of the distance. The
channels are warped together (DTW_D). The whole of an antidiagonal i + j = k, for all series, is one operation.

Source: H. Sakoe, S. Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE Transactions
on Acoustics, Speech and Signal Processing 26(1), 1978; of several channels: M. Shokoohi-Yekta, J. Wang, E. Keogh, "On
the Non-Trivial Generalization of Dynamic Time Warping to the Multi-Dimensional Case", SDM 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Neighbours:
    """Series that others are compared with.

    Args:
        series: (M_r, D) each, at least one.

    Raises:
        ValueError: there is none, or they have different numbers of channels, or one has no step.
    """

    def __init__(self, series: Sequence[np.ndarray]) -> None:
        if not series or any(one.ndim != 2 or not len(one) or one.shape[1] != series[0].shape[1] for one in series):
            shapes = [one.shape for one in series][:5]
            raise ValueError(f"series have shapes {shapes}; expected at least one, all of them (T, D) with the same D.")
        self.lengths = np.array([len(one) for one in series])  # (R,)
        self.values = np.zeros((len(series), self.lengths.max(), series[0].shape[1]))  # (R, M, D)
        for row, one in enumerate(series):
            self.values[row, : len(one)] = one

    def distances(self, query: np.ndarray, window: float | None = None) -> np.ndarray:
        """The squared distances (R,) of ``query`` (T, D) from every series.

        Args:
            window: how far warped times may lie apart, as a share of the longer series, but at least as far as the
                lengths do; None: any distance, as the archive's yardstick has it.

        Raises:
            ValueError: the query is empty or has other channels, or the window is outside 0 to 1.
        """
        R, M, D = self.values.shape
        if query.ndim != 2 or query.shape[1] != D or not len(query):
            raise ValueError(f"query has shape {query.shape}; expected (T, {D}).")
        if window is not None and not 0 <= window <= 1:
            raise ValueError(f"window is {window}; expected a share from 0 to 1, or None.")
        T = len(query)
        i = np.arange(T)
        reach = self._reach(T, window)  # (R,)
        found = np.full(R, np.inf)
        # the diagonals before: a column on the left stands for i = -1
        last, before = np.full((2, R, T + 1), np.inf)
        before[:, 0] = 0  # D(-1, -1)
        for k in range(T + M - 1):
            j = k - i  # (T,)
            inside = (j >= 0) & (j < M)
            cost = np.square(query[inside] - self.values[:, j[inside]]).sum(axis=-1)  # (R, inside)
            cost[np.abs(i - j)[inside] > reach[:, None]] = np.inf
            best = np.minimum(np.minimum(last[:, 1:], last[:, :-1]), before[:, :-1])  # (R, T)
            now = np.full((R, T + 1), np.inf)
            now[:, 1:][:, inside] = cost + best[:, inside]
            ends = self.lengths + T - 2 == k
            found[ends] = now[ends, T]
            last, before = now, last
        return found

    def nearest(self, query: np.ndarray, window: float | None = None) -> int:
        """The number of the series nearest to ``query``, the first of equals."""
        return int(self.distances(query, window).argmin())

    def _reach(self, steps: int, window: float | None) -> np.ndarray:
        longer = np.maximum(self.lengths, steps)
        if window is None:
            return longer
        return np.maximum(np.ceil(window * longer), np.abs(self.lengths - steps))
