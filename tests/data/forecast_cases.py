"""Datasets of series at hand, for the tests of forecasting data."""

from rnnzoo.data._borders import Counts
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Table
from rnnzoo.registry import CODECS


class Given(ForecastData):
    """Series at hand, with borders at these rows; the values' columns are x0, x1 and so on."""

    def __init__(self, *series, parts=(60, 30, 30), known=(), static=(), **settings):
        super().__init__(**{"look_back": 7, "horizon": 3, "batch_size": 4, **settings})
        self._given = Table([f"x{i}" for i in range(series[0].values.shape[1])], list(series), known, static)
        self._parts = parts

    def borders(self):
        return Counts(*self._parts)


def codec_of(data):
    """The codec of a dataset, rebuilt from its state."""
    state = data.codec_state()
    return CODECS.create(state.pop("codec"), **state)


def whole(data, split):
    """All windows of a part as one batch."""
    return data.splits[split][range(len(data.splits[split]))]
