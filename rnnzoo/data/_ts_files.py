"""Reading the .ts files of the UCR, UEA and TSER archives, and the .tsv files of the UCR archive of 2018.

A .ts file has lines of comments (#), of settings (@name value) and, behind @data, a line a series: channels with colons
between, their values with commas, the class or the target last. With time stamps a value is a pair (time,value), and
the channels of a series may have different times; ? and NaN are missing values. A .tsv file has a line a series: the
class, then the values, with tabs between; NaN at the end of a line is no value but the end of a shorter series.

Format: https://www.sktime.net/en/stable/api_reference/file_specifications/ts.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnzoo.data._files import DamagedFile
from rnnzoo.data._labelled_series import LabelledSeries, check_alike
from rnnzoo.data._tables import read_text

PAIR = re.compile(r"\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)")
TRUTHS = {"true": True, "false": False}


class Header(NamedTuple):
    """What the settings of a .ts file say."""

    settings: dict[str, str]  # by name in small letters
    classes: list[str] | None  # those declared; None where the file has targets
    times: bool
    line: int  # of @data


def read_ts(path: Path) -> list[LabelledSeries]:
    """All series of a .ts file, in its order.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8, not whole, or a line that is not as the header says; says which line.
    """
    lines = read_text(path).splitlines()
    header = _header(lines, path)
    found = []
    for number, line in enumerate(lines[header.line :], start=header.line + 1):
        if line.strip() and not line.startswith("#"):
            found.append(_series(line.strip(), header, f"{path}, line {number}"))
    check_alike(found, path)
    _check_declared(found, header)
    return found


def read_tsv(path: Path) -> list[LabelledSeries]:
    """All series of a .tsv file, in its order.

    Raises:
        MissingData: there is no such file.
        DamagedFile: as ``read_ts``.
    """
    found = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        label, *values = line.rstrip("\r\n").split("\t")
        if not values:
            raise DamagedFile(f"{place}: no tab; expected a class and values with tabs between.")
        row = _numbers(values, place)
        there = np.flatnonzero(~np.isnan(row))
        if not len(there):
            raise DamagedFile(f"{place}: no value at all; expected at least one.")
        row = row[: there[-1] + 1]
        found.append(LabelledSeries(row[:, None], np.arange(len(row), dtype=np.float64), label.strip(), (), place))
    check_alike(found, path)
    return found


def _header(lines: list[str], path: Path) -> Header:
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith("@"):
            raise DamagedFile(f"{path}, line {number}: {text[:40]!r}; expected @data before the first series.")
        name, _, value = text[1:].partition(" ")
        if name.lower() != "data":
            settings[name.lower()] = value.strip()
            continue
        says, *classes = settings.get("classlabel", "false").split()
        targets = _truth(settings.get("targetlabel", "false"), "targetLabel", path)
        labelled = _truth(says, "classLabel", path)
        if labelled == targets:
            raise DamagedFile(
                f"{path}: @classLabel is {says} and @targetLabel {str(targets).lower()}; expected one to be true."
            )
        times = _truth(settings.get("timestamps", "false"), "timeStamps", path)
        return Header(settings, classes if labelled else None, times, number)
    raise DamagedFile(f"{path} has no @data; expected the settings of a .ts file and @data before the series.")


def _truth(text: str, name: str, path: Path) -> bool:
    if text.lower() not in TRUTHS:
        raise DamagedFile(f"{path}: @{name} is {text!r}; expected true or false.")
    return TRUTHS[text.lower()]


def _series(line: str, header: Header, place: str) -> LabelledSeries:
    *channels, last = line.split(":")
    if not channels:
        raise DamagedFile(f"{place}: no colon; expected values, a colon, and a class or target.")
    parsed = list(_channels(channels, header.times, place))
    times = np.unique(np.concatenate([own for own, _ in parsed]))
    if header.times:
        values = np.full((len(times), len(parsed)), np.nan)
        for channel, (own, row) in enumerate(parsed):
            values[np.searchsorted(times, own), channel] = row
    else:
        lengths = [len(row) for _, row in parsed]
        if len(set(lengths)) > 1:
            raise DamagedFile(f"{place}: channels of {lengths} values; expected the same number in all.")
        values = np.stack([row for _, row in parsed], axis=1)
    label, targets = last.strip(), ()
    if header.classes is None:
        return LabelledSeries(values, times, "", tuple(_numbers([label], place, missing=False).tolist()), place)
    if not label or (header.classes and label not in header.classes):
        raise DamagedFile(f"{place}: class {label!r}; expected one of {', '.join(header.classes[:20])}.")
    return LabelledSeries(values, times, label, targets, place)


def _channels(channels: list[str], stamped: bool, place: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Times and values of each channel."""
    for number, text in enumerate(channels, start=1):
        where = f"{place}, channel {number}"
        if not stamped:
            row = _numbers(text.split(","), where)
            yield np.arange(len(row), dtype=np.float64), row
            continue
        pairs = PAIR.findall(text)
        if PAIR.sub("", text).strip(", \t"):
            raise DamagedFile(f"{where}: {text[:40]!r}; expected pairs (time,value) with commas between.")
        times = _numbers([time for time, _ in pairs], f"{where}, times", missing=False)
        if (np.diff(times) <= 0).any():
            raise DamagedFile(f"{where}: its times do not rise; sort its pairs, and join those of one time.")
        yield times, _numbers([value for _, value in pairs], where)


def _numbers(texts: list[str], place: str, *, missing: bool = True) -> np.ndarray:
    """Texts as numbers; ? is NaN where values may be missing."""
    try:
        values = np.array(["nan" if text.strip() == "?" and missing else text for text in texts], dtype=np.float64)
    except ValueError:
        number, text = next((i, text) for i, text in enumerate(texts, start=1) if not _is_number(text, missing))
        raise DamagedFile(f"{place}: value {number} is {text.strip()[:40]!r}; expected a number.") from None
    if np.isinf(values).any() or (not missing and np.isnan(values).any()):
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DamagedFile(f"{place}: value {bad + 1} is {texts[bad].strip()!r}; expected a finite number.")
    return values


def _is_number(text: str, missing: bool) -> bool:
    try:
        float(text)
    except ValueError:
        return missing and text.strip() == "?"
    return True


def _check_declared(series: list[LabelledSeries], header: Header) -> None:
    settings = header.settings
    counts = {
        "dimensions": ("channel(s)", 1), "dimension": ("channel(s)", 1), "serieslength": ("step(s)", 0),
    }  # fmt: skip
    for key, (what, axis) in counts.items():
        said = settings.get(key, "")
        if not said.isdigit() or int(said) < 1:
            continue  # 0 and -1 stand for what is not known
        for one in series:
            if one.values.shape[axis] != int(said):
                raise DamagedFile(f"{one.place}: {one.values.shape[axis]} {what}; the header says {said} (@{key}).")
