"""``rnnzoo predict``: the answers of a saved model for texts given as arguments, in a file, or on the input stream."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rnnzoo.commands.imports import add_import


class NoInput(ValueError):
    """There is nothing to predict."""


def add_parser(commands: Any) -> None:
    """Add ``predict``."""
    parser = commands.add_parser("predict", help="the answers of a saved or shipped model")
    parser.add_argument(
        "model", metavar="MODEL", help="a shipped model's name, a model folder, a .ckpt, or org/name on the hub"
    )
    parser.add_argument(
        "texts", metavar="TEXT", nargs="*", help="what to predict for (else --file, else the input stream)"
    )
    parser.add_argument("--file", type=Path, metavar="F", help="a UTF-8 file with one text a line")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print one line a text, as the model's answers show themselves; or with ``--json`` all that they hold."""
    texts = read_texts(options.texts, options.file)
    from rich.console import Console

    from rnnzoo.pretrained import load_pretrained

    predict: Any = load_pretrained(options.model).predict
    answers = predict(texts)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for text, answer in zip(texts, answers, strict=True):
        if options.json:
            print(json.dumps({"text": text, **primitive(answer)}, ensure_ascii=False))
            continue
        line = answer.line(text) if hasattr(answer, "line") else f"{answer[0]}\t{text}"
        if isinstance(line, str) or not console.is_terminal:
            print(str(line))
        else:
            console.print(line)  # with its colours
    return 0


def primitive(value: Any) -> Any:
    """NamedTuples as dicts, arrays as lists and frames as their rows, wherever they are in lists, tuples and dicts."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if hasattr(value, "to_json"):  # a frame: its times as ISO 8601 has them
        return json.loads(value.reset_index().to_json(orient="records", date_format="iso"))
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {key: primitive(one) for key, one in value.items()}
    return [primitive(one) for one in value] if isinstance(value, list | tuple) else value


def read_texts(texts: list[str], file: Path | None) -> list[str]:
    """The texts given, or the non-empty lines of ``file``, or those of the input stream.

    Raises:
        NoInput: both were given, or there is no text, or the file is not UTF-8.
    """
    if texts and file is not None:
        raise NoInput("give texts or --file, not both.")
    if texts:
        return texts
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise NoInput(f"{file} is not UTF-8 (byte {error.start}); convert it first.") from error
    else:
        lines = sys.stdin.read().splitlines()
    found = [line for line in lines if line.strip()]
    if not found:
        raise NoInput(f"there is no text in {file or 'the input stream'}; give at least one.")
    return found
