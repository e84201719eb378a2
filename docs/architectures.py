"""The tables of docs/architectures.md: every registered architecture by kind, and where other libraries differ."""

from __future__ import annotations

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.page import backends, in_time, parameter_count, state_formula
from rnnzoo.registry import LAYERS
from rnnzoo.registry.layer_checks import KINDS
from rnnzoo.registry.places import is_own

WIDTH = 64  # I and H of the parameter counts
HEADINGS = ("name", "class", "what it is", "paper", "state", "parameters", "in time", "held to", "backends")


def layers_by_kind() -> dict[str, list[LayerEntry]]:
    """The package's layers, the kinds in their order, names sorted."""
    own = [entry for entry in LAYERS.entries() if is_own(entry.target)]
    found = {kind: [entry for entry in own if entry.kind == kind] for kind in KINDS}
    return {kind: entries for kind, entries in found.items() if entries}


def architectures_section() -> str:
    """One table a kind, then what other libraries do otherwise."""
    parts = []
    for kind, entries in layers_by_kind().items():
        rules = ["---:" if heading == "parameters" else "---" for heading in HEADINGS]
        lines = [HEADINGS, rules, *(_cells(entry) for entry in entries)]
        parts.append(
            f"## {kind.capitalize()} ({len(entries)})\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        )
    return "\n\n".join([*parts, *_differences()])


def _cells(entry: LayerEntry) -> tuple[str, ...]:
    return (
        f"`{entry.name}`",
        f"`rnnzoo.{entry.class_name}`",
        entry.description.replace("|", r"\|"),
        _paper(entry),
        state_formula(entry),
        f"{parameter_count(entry, WIDTH, WIDTH):,}",
        in_time(entry) or "step by step",
        _oracle(entry.oracle),
        ", ".join(backends(entry)),
    )


def _paper(entry: LayerEntry) -> str:
    if entry.paper is None:
        return "not published"
    authors = entry.paper.authors.split(",")
    words = f"{authors[0]}{' et al.' if len(authors) > 1 else ''} {entry.paper.year}"
    return f"[{words}]({entry.paper.url})" if entry.paper.url else words


def _oracle(oracle: str | None) -> str:
    if oracle is None:
        return "unverified"
    return f"`{oracle}`" if oracle.startswith("torch.nn.") else f"[its oracle](../{oracle})"


def _differences() -> list[str]:
    """What the registrations say of other libraries; nothing where none does."""
    told = [entry for entries in layers_by_kind().values() for entry in entries if entry.differs]
    if not told:
        return []
    lines = [f"- `{entry.name}`: {entry.differs}" for entry in sorted(told, key=lambda entry: entry.name)]
    head = "## Where other libraries differ"
    said = "Each with the test that shows it, their weights in the paper's equations."
    return [head, said, "\n".join(lines)]
