"""A finished model as a folder that anybody can load, here or on the Hugging Face Hub, its card made from its rows."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.hub import push_directory
from rnnzoo.pretrained.loading import HUB_ID, load_pretrained
from rnnzoo.pretrained.manifest import checked_directory, list_pretrained
from rnnzoo.pretrained.publish import read_rows
from rnnzoo.pretrained.saving import FILES, refuse_foreign, save_pretrained
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.pretrained.whole_directory import whole_directory

HUB = "hf://"
MEASURED = ("validation", "test")


def share(source: str | Path, to: str, *, half: bool = False, private: bool = False, description: str = "") -> str:
    """Write the model in ``source`` where ``to`` says, as ``config.json``, ``model.safetensors`` and a model card.

    Args:
        source: a shipped model's name or a model directory, whose files are shared as they are; a run's folder
            (``rnnzoo bench run --keep``), whose card gets the numbers of its result rows; a ``.ckpt``.
        to: a directory, or ``hf://organisation/name`` (``HF_ENDPOINT`` and the usual token are honoured).
        half: write float16.
        private: of a repository on the Hub that is made by this call.
        description: one line for the card of a run or a ``.ckpt``.

    Returns:
        The directory, or the address of the commit.

    Raises:
        UnknownName: no such shipped model.
        PretrainedError: the model cannot be read, its rows are gone or not its own, or ``to`` cannot be written.
    """
    repository = to.removeprefix(HUB) if to.startswith(HUB) else None
    if repository is not None and not HUB_ID.fullmatch(repository):
        raise PretrainedError(f"--to {to} names no repository; expected {HUB}organisation/name, or a directory.")
    if repository is None:
        refuse_foreign(Path(to))
    with tempfile.TemporaryDirectory() as folder:
        name = to.rstrip("/").rpartition("/")[2] or "model"
        whole = _directory_of(source, Path(folder) / name, half, description)
        if repository is not None:
            return push_directory(whole, repository, private=private)
        with whole_directory(Path(to)) as aside:
            for file in FILES:
                shutil.copyfile(whole / file, aside / file)
    return to


def _directory_of(source: str | Path, aside: Path, half: bool, description: str) -> Path:
    """A model directory of the source, written to ``aside`` where there is none yet."""
    path = Path(source)
    if str(source) in list_pretrained():
        whole = checked_directory(str(source))
    elif path.is_dir() and not (path / "run.json").is_file():
        load_pretrained(path)  # says what is wrong with it, if anything is
        whole = path
    else:
        run = path if path.is_dir() else path.parent
        checkpoint = path / "best.ckpt" if path.is_dir() else path
        if path.is_dir() and not checkpoint.is_file():
            raise PretrainedError(f"{path} has no best.ckpt; make the run again with `rnnzoo bench run ... --keep`.")
        notes = {"description": description, **(_notes(run, checkpoint) if (run / "run.json").is_file() else {})}
        return save_pretrained(load_pretrained(checkpoint if path.is_dir() else source), aside, half=half, notes=notes)
    lacking = [file for file in FILES if not (whole / file).is_file()]
    return save_pretrained(load_pretrained(whole), aside, half=half) if half or lacking else whole


def _notes(run: Path, checkpoint: Path) -> dict[str, Any]:
    """What the card says of a run of ``rnnzoo bench``: its numbers, its data and their licence, from its rows."""
    from rnnzoo.registry import DATA

    results = run.parent.parent.parent
    file = results / run.parent.name / f"{run.name}.jsonl"
    if not file.is_file():
        raise PretrainedError(f"the rows of {checkpoint} are gone: there is no {file}. Make the run again.")
    rows = read_rows([file])
    if {row.get("checkpoint_sha256") for row in rows} != {sha256(checkpoint)}:
        raise PretrainedError(f"{file} has the rows of another checkpoint than {checkpoint}. Make the run again.")
    return {
        "data": rows[0]["data"],
        "licence": DATA.entry(rows[0]["data"]).licence,
        "measured": {f"{row['split']}/{row['metric']}": row["value"] for row in rows if row["split"] in MEASURED},
        "row": f"{rows[0]['table']}/{run.name}",
    }
