"""``rnnzoo generate``: a text written on by a saved language model, as it is written."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from rnnzoo.commands.imports import add_import


class NotWriting(ValueError):
    """The model writes no text."""


def add_parser(commands: Any) -> None:
    """Add ``generate``."""
    parser = commands.add_parser("generate", help="a text written on by a language model, or what may come next")
    parser.add_argument(
        "model", metavar="MODEL", help="a shipped model's name, a model folder, a .ckpt, or org/name on the hub"
    )
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what the text begins with")
    parser.add_argument("--length", type=int, default=200, metavar="N", help="tokens to write at most (default 200)")
    parser.add_argument("--temperature", type=float, default=1.0, metavar="T", help="0: always the likeliest token")
    parser.add_argument("--top-k", type=int, metavar="K", help="draw among the K likeliest tokens")
    parser.add_argument("--top-p", type=float, metavar="P", help="draw among the likeliest tokens of this probability")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed writes the same text")
    parser.add_argument("--stop", metavar="TEXT", help="end where this has been written")
    parser.add_argument("--next", type=int, metavar="K", help="write nothing: the K likeliest next tokens")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the prompt and what is written behind it, or a line for each likely next token."""
    from rnnzoo.pretrained import load_pretrained

    model: Any = load_pretrained(options.model)
    if not hasattr(model, "what_comes_next"):
        raise NotWriting(
            f"{options.model} is a {type(model).__name__}, which writes no running text; give a model of the task "
            "language_model, or use `rnnzoo predict`."
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
