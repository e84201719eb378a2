"""Reading labelled series from a user's file, by the end of its name: .ts, .tsv, or NumPy's .npz."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from rnnzoo.data._files import DamagedFile, check_is_file
from rnnzoo.data._labelled_series import LabelledSeries, check_alike
from rnnzoo.data._ts_files import read_ts, read_tsv

FORMATS = (".ts", ".tsv", ".npz")


def read_series(path: Path) -> list[LabelledSeries]:
    """All series of a file, in its order.

    A .ts or .tsv file may be gzipped. An .npz file has the arrays ``values``, (R, T, D) or (R, T), or with ``lengths``
    (R,) all steps one after another, (N, D) or (N,); ``labels`` (R,), strings or whole numbers, or ``targets``, (R,) or
    (R, F) numbers; and possibly ``times``, (R, T) or (N,).

    Raises:
        MissingData: there is no such file.
        DamagedFile: it is not of its format; says where.
        ValueError: its name ends otherwise.
    """
    kind = next((suffix for suffix in FORMATS if path.name.removesuffix(".gz").endswith(suffix)), None)
    if kind is None or (kind == ".npz" and path.name.endswith(".gz")):
        raise ValueError(f"{path} is none of {', '.join(FORMATS)} (.ts and .tsv also with .gz); rename or convert it.")
    return {".ts": read_ts, ".tsv": read_tsv, ".npz": read_npz}[kind](path)


def read_npz(path: Path) -> list[LabelledSeries]:
    """All series of an .npz file, see ``read_series``.

    Raises:
        MissingData: there is no such file.
        DamagedFile: no such file of NumPy's, or arrays that do not fit together; says which.
    """
    check_is_file(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise DamagedFile(f"{path} cannot be read as an .npz file of plain arrays: {error}") from error
    if "values" not in arrays or ("labels" in arrays) == ("targets" in arrays):
        raise DamagedFile(
            f"{path} has the arrays {', '.join(arrays) or 'none'}; expected values, either labels or targets, and "
            "possibly lengths and times."
        )
    values, times, begins, ends = _steps(arrays, path)
    rows = len(ends)
    answers = arrays["labels"] if "labels" in arrays else arrays["targets"]
    if answers.ndim == 0 or len(answers) != rows:
        raise DamagedFile(f"{path}: labels or targets of shape {answers.shape} for {rows} series; expected as many.")
    if "labels" in arrays and (answers.ndim != 1 or answers.dtype.kind not in "iuUb"):
        raise DamagedFile(
            f"{path}: labels has shape {answers.shape} and dtype {answers.dtype}; expected ({rows},) strings or whole "
            "numbers (numbers to be predicted are called targets)."
        )
    if "targets" in arrays and (answers.dtype.kind not in "iuf" or answers.ndim > 2 or not np.isfinite(answers).all()):
        raise DamagedFile(
            f"{path}: targets of dtype {answers.dtype}; expected ({rows},) or ({rows}, F) finite numbers."
        )
    found = []
    for row, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        own = values[begin:end].astype(np.float64)
        at = np.arange(end - begin, dtype=np.float64) if times is None else times[begin:end].astype(np.float64)
        label = str(answers[row]) if "labels" in arrays else ""
        numbers = () if "labels" in arrays else tuple(np.atleast_1d(answers[row]).astype(np.float64).tolist())
        found.append(LabelledSeries(own, at, label, numbers, f"{path}, series {row}"))
    check_alike(found, path)
    return found


def _steps(arrays: dict[str, np.ndarray], path: Path) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]:
    """Values (N, D) and times (N,) of all steps, and where each series begins and ends."""
    values, times = arrays["values"], arrays.get("times")
    flat = "lengths" in arrays
    if values.dtype.kind not in "iuf" or values.ndim not in ((1, 2) if flat else (2, 3)):
        expected = "(N,) or (N, D) with lengths" if flat else "(R, T) or (R, T, D)"
        raise DamagedFile(
            f"{path}: values has shape {values.shape}, dtype {values.dtype}; expected numbers {expected}."
        )
    if flat:
        lengths = arrays["lengths"]
        if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any() or lengths.sum() != len(values):
            raise DamagedFile(
                f"{path}: lengths has shape {lengths.shape} and adds up to {lengths.sum()}, values has {len(values)} "
                "steps; expected whole numbers of at least 1 that add up to that."
            )
    else:
        lengths = np.full(len(values), values.shape[1])
    if times is not None and (times.dtype.kind not in "iuf" or times.shape != values.shape[: 1 if flat else 2]):
        raise DamagedFile(f"{path}: times has shape {times.shape}, values {values.shape}; expected a number a step.")
    ends = lengths.cumsum()
    channels = 1 if values.ndim == (1 if flat else 2) else values.shape[-1]
    return values.reshape(-1, channels), None if times is None else times.reshape(-1), ends - lengths, ends
