"""The maintainer's command that puts a finished run among the shipped models.

``python -m rnnzoo.pretrained.publish RUN_OR_CKPT --name NAME --rows FILE ...``
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rnnzoo.contracts import SequenceBatch
from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import describe
from rnnzoo.pretrained.loading import load_pretrained
from rnnzoo.pretrained.manifest import LARGEST, MANIFEST, WEIGHTS_FOLDER, ManifestEntry, write_entry
from rnnzoo.pretrained.measuring import measure
from rnnzoo.pretrained.saving import FILES, save_pretrained
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.pretrained.trimming import TrimmedBatches, trim_vocabulary
from rnnzoo.registry import DATA

ROW_KEYS = ("table", "spec", "label", "variant", "seed", "split", "metric", "value", "n", "commit", "finished_at")


def publish(
    source: Path,
    name: str,
    rows: Sequence[dict[str, Any]],
    *,
    half: bool = False,
    vocabulary: int | None = None,
    data_arguments: dict[str, Any] | None = None,
    description: str = "",
    folder: Path = WEIGHTS_FOLDER,
    manifest: Path = MANIFEST,
) -> ManifestEntry:
    """Trim and save the model in ``source``, measure what was saved, and write it with its manifest entry.

    Args:
        source: a run's folder (``best.ckpt`` and ``run.json`` of ``rnnzoo bench``), a ``.ckpt``, or a model directory.
        name: the model's name; a model of that name is replaced.
        rows: the result rows of its run.
        half: store float16.
        vocabulary: words that stay, the most frequent ones.
        data_arguments: of the dataset the rows name; by default those in the ``run.json`` beside the checkpoint.
        description: one line for the manifest and the card.
        folder, manifest: where the models and their manifest are.

    Raises:
        PretrainedError: the rows are not of this checkpoint, the data has changed since, or the model is too large.
    """
    checkpoint = source / "best.ckpt" if (source / "best.ckpt").is_file() else source
    if not rows:
        raise PretrainedError(
            "there are no result rows; give the .jsonl of the run that made this checkpoint (--rows)."
        )
    row = rows[0]
    if checkpoint.is_file() and (given := sha256(checkpoint)) != row["checkpoint_sha256"]:
        raise PretrainedError(
            f"{checkpoint} has the SHA-256 {given} and the rows are of the checkpoint {row['checkpoint_sha256']}; "
            "give the rows of this run."
        )
    data = DATA.create(row["data"], **_data_arguments(checkpoint, data_arguments))
    if data.data_version != row["data_version"]:
        raise PretrainedError(
            f"the data is version {data.data_version} and the rows are of version {row['data_version']}; train again."
        )
    data.setup()
    task: Any = load_pretrained(checkpoint)
    if vocabulary is not None:
        task = trim_vocabulary(task, vocabulary)
    with tempfile.TemporaryDirectory() as aside:
        saved = save_pretrained(task, Path(aside) / name, half=half)
        size = sum((saved / file).stat().st_size for file in FILES)
        if size > LARGEST:
            raise PretrainedError(
                f"{name} takes {size:,} bytes, at most {LARGEST:,} are shipped; use --half or a smaller --vocabulary."
            )
        task = load_pretrained(saved)
    measured: dict[str, float] = {}
    for split, key, batches in (("validation", "val", data.val_dataloader()), ("test", "test", data.test_dataloader())):
        seen: Iterable[SequenceBatch] = batches if vocabulary is None else TrimmedBatches(batches, task.codec)
        measured |= {f"{split}/{metric}": value for metric, value in measure(task, seen, key).items()}
    licence = DATA.entry(row["data"]).licence
    notes = {"description": description, "data": row["data"], "licence": licence, "measured": measured}
    notes["row"] = f"{row['table']}/{row['spec']}-{row['layer']}-{row['seed']}"
    return _write(task, name, rows, notes, half, folder, manifest)


def _data_arguments(checkpoint: Path, given: dict[str, Any] | None) -> dict[str, Any]:
    if given is not None:
        return given
    run = checkpoint.parent / "run.json"
    if not run.is_file():
        raise PretrainedError(f"there is no {run} that says how the data was made; give --data-arguments '{{...}}'.")
    return dict(json.loads(run.read_text(encoding="utf-8"))["data"])


def _write(
    task: Any,
    name: str,
    rows: Sequence[dict[str, Any]],
    notes: dict[str, Any],
    half: bool,
    folder: Path,
    manifest: Path,
) -> ManifestEntry:
    directory = save_pretrained(task, folder / name, half=half, notes=notes)
    config = describe(task)
    codec = config.codec or {}
    entry = ManifestEntry(
        name=name,
        description=notes["description"],
        data=notes["data"],
        data_version=rows[0]["data_version"],
        licence=notes["licence"],
        files={f: {"sha256": sha256(directory / f), "bytes": (directory / f).stat().st_size} for f in FILES},
        rows=[{key: row[key] for key in ROW_KEYS} for row in rows],
        measured=notes["measured"],
        configuration={"task": config.task, **config.arguments},
        vocabulary=len(codec["vocabulary"]) if "vocabulary" in codec else None,
        half=half,
        source={"checkpoint_sha256": rows[0]["checkpoint_sha256"], "rnnzoo_version": config.rnnzoo_version},
    )
    write_entry(entry, manifest)
    return entry


def read_rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    """The result rows in ``.jsonl`` files of one run.

    Raises:
        PretrainedError: a file cannot be read, or the rows are of several checkpoints.
    """
    rows: list[dict[str, Any]] = []
    for file in files:
        try:
            rows += [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, ValueError) as error:
            raise PretrainedError(f"{file} cannot be read as result rows: {error}") from error
        if not all(isinstance(row, dict) for row in rows):
            raise PretrainedError(f"{file} cannot be read as result rows: a line is no JSON object.")
    checkpoints = {row.get("checkpoint_sha256") for row in rows}
    if len(checkpoints) > 1:
        raise PretrainedError(f"the rows are of {len(checkpoints)} checkpoints; give those of one run.")
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; prints what was measured and written."""
    parser = argparse.ArgumentParser(prog="python -m rnnzoo.pretrained.publish", description=__doc__)
    parser.add_argument("source", type=Path, help="folder of a bench run, a .ckpt, or a model directory")
    parser.add_argument("--name", required=True, help="the shipped model's name")
    parser.add_argument("--rows", type=Path, nargs="+", required=True, help="result rows (.jsonl) of its run")
    parser.add_argument("--half", action="store_true", help="store float16")
    parser.add_argument("--vocabulary", type=int, help="keep this many words, the most frequent ones")
    parser.add_argument("--data-arguments", type=json.loads, help="of the dataset, as JSON (default: run.json's)")
    parser.add_argument("--description", default="", help="one line about the model")
    given = parser.parse_args(arguments)
    try:
        entry = publish(
            given.source, given.name, read_rows(given.rows), half=given.half, vocabulary=given.vocabulary,
            data_arguments=given.data_arguments, description=given.description,
        )  # fmt: skip
    except (LookupError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    numbers = ", ".join(f"{key} {value:.4f}" for key, value in entry.measured.items())
    print(f"{entry.name}: {numbers}; {entry.bytes:,} bytes in {WEIGHTS_FOLDER / entry.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
