"""Seconds of a run that plain Lightning does not take: before its first step and behind its last one."""

from __future__ import annotations

import argparse
from pathlib import Path

from _finding import Finding, middle
from _work import table, timed

MOST = 6.0
KINDS = {"plain": ("plain", "off"), "off": ("harness", "off"), "offline": ("harness", "offline")}
ORDER = ("the first run of a process", "each later one")


def overhead(options: argparse.Namespace, folder: Path) -> list[Finding]:
    """Plain Lightning, the harness without and with Weights & Biases in turn, two runs in a process."""
    path = table(folder)
    found: dict[tuple[str, int, str], list[float]] = {}
    for number in range(options.rounds):
        of_round = {}
        for name, (kind, wandb) in KINDS.items():
            of_round[name] = timed(kind, path, folder / f"{number}-{name}", runs=2, wandb=wandb)
        for name in ("off", "offline"):
            for place, (mine, plain) in enumerate(zip(of_round[name], of_round["plain"], strict=True)):
                for when in ("before", "behind"):
                    found.setdefault((name, place, when), []).append(mine[when] - plain[when])
    findings = []
    for name in ("off", "offline"):
        for place, which in enumerate(ORDER):
            before, behind = found[name, place, "before"], found[name, place, "behind"]
            settings = {"run": which, "wandb": name}
            findings.append(middle("before the first step", before, "s", settings))
            findings.append(middle("behind the last step", behind, "s", settings))
            both = [sum(pair) for pair in zip(before, behind, strict=True)]
            findings.append(middle("overhead of a run", both, "s", settings, at_most=MOST))
    return findings
