"""``rnnzoo generate``: a text written on by a saved language model as it is written, or music as a MIDI file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rnnzoo.commands.imports import add_import


class NotWriting(ValueError):
    """The model writes no text, or not in the way that was asked for."""


TEXT_ALONE = ("top_k", "top_p", "stop", "next")


def add_parser(commands: Any) -> None:
    """Add ``generate``."""
    parser = commands.add_parser("generate", help="a text written on, or what may come next; or music")
    parser.add_argument(
        "model", metavar="MODEL", help="a shipped model's name, a model folder, a .ckpt, or org/name on the hub"
    )
    parser.add_argument(
        "--prompt", required=True, metavar="TEXT", help="what the text begins with; of music a MIDI file, or ''"
    )
    parser.add_argument("--length", type=int, default=200, metavar="N", help="tokens or frames to write (default 200)")
    parser.add_argument("--temperature", type=float, default=1.0, metavar="T", help="0: always the likeliest token")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K likeliest tokens")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the likeliest tokens of this probability")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed writes the same text")
    parser.add_argument("--stop", metavar="TEXT", help="end where this has been written")
    parser.add_argument("--next", type=int, metavar="K", help="write nothing: the K likeliest next tokens")
    parser.add_argument("--midi", type=Path, metavar="FILE", help="of music: where the MIDI file goes")
    parser.add_argument("--key", metavar="KEY", help="of music: the key and mode, such as 'G minor'")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the prompt and what is written behind it, or a line for each likely next token; of music, write a file."""
    from rnnzoo.pretrained import load_pretrained

    model: Any = load_pretrained(options.model)
    if hasattr(model, "save_midi"):
        return save_music(model, options)
    if options.midi is not None or options.key is not None:
        raise NotWriting(f"--midi and --key are for music, and {options.model} is a {type(model).__name__}.")
    if not hasattr(model, "what_comes_next"):
        raise NotWriting(
            f"{options.model} is a {type(model).__name__}, which writes no running text; give a model of the task "
            "language_model or polyphonic_music, or use `rnnzoo predict`."
        )
    if options.next is not None:
        for token, probability in model.what_comes_next(options.prompt, options.next).probabilities.items():
            print(f"{probability:.4f}\t{token if token.strip() else repr(token)}")
        return 0
    pieces = model.stream(
        options.prompt,
        options.length,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        seed=options.seed,
        stop=options.stop,
    )
    sys.stdout.write(options.prompt)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    return 0


def save_music(model: Any, options: argparse.Namespace) -> int:
    """Write the prompt and what the model writes behind it to a MIDI file.

    Raises:
        NotWriting: there is no file to write to, or an option is of texts alone.
    """
    given = [f"--{name.replace('_', '-')}" for name in TEXT_ALONE if getattr(options, name) is not None]
    if options.midi is None or given:
        raise NotWriting(
            f"{options.model} writes music; "
            + (f"{', '.join(given)} is for texts alone." if given else "say where to, with --midi FILE.mid.")
        )
    prompt = options.prompt or ()
    settings = {"key": options.key, "temperature": options.temperature, "seed": options.seed}
    print(model.save_midi(options.midi, prompt, options.length, **settings))
    return 0
