"""All of the speed measurements in short: the README's lines, and the list of where we lose."""

from __future__ import annotations

from speed_rows import Row, Rows, against, is_usual, median, short, table
from speed_targets import described

TRAINING = {"pass": "training"}
WORK = {"memory": "peak memory", "matrix": "training"}
"""What is measured where a row does not say which pass it is."""
MOST = 12
"""How many of the layers that lost are named in a line."""


def summary(rows: Rows) -> str:
    """For the README: each kind of comparison with its median and its range over layers and sizes."""
    kinds = (
        ("a training step, every layer of torchrecurrent", "torchrecurrent", rows.part("gated", **TRAINING)),
        ("a training step of RNN, LSTM, GRU", "torch.nn", rows.part("native", usual=False)),
        ("a training step of minGRU", "minGRU-pytorch", rows.part("scan", of="layer", cell="mingru", **TRAINING)),
        ("the same", "torch.nn.GRU", against(rows.part("all", cell="mingru", **TRAINING), "torch.nn.GRU")),
        ("one step of a stream, LSTM", "torch.nn.LSTMCell", against(rows.part("step", cell="lstm"), "torch.nn.LSTM")),
        ("peak memory of a training step", "torchrecurrent", against(rows.part("memory"), "torchrecurrent")),
    )  # fmt: skip
    lines = [
        (what, peer, str(len(found)), short(median(found)), f"{_range(found)}") for what, peer, found in kinds if found
    ]
    shown = table(["what", "against", ">comparisons", ">median ratio", ">range"], lines) if lines else ""
    return (
        "Ours over the peer's, below 1 is less: candidates take turns in one process, and a ratio is the median over "
        "rounds. [Every layer against every peer, memory, growth, and where we lose](docs/speed.md); again: "
        f"`python benchmarks/speed --write`.\n\n{shown}"
    ).rstrip()


def _range(rows: list[Row]) -> str:
    ratios = [row["ratio"] for row in rows]
    return f"{short(min(ratios))} to {short(max(ratios))}"


def losses(rows: Rows) -> str:
    """Every comparison with a peer in which we are slower or larger: the worst first, a line a kind of comparison."""
    found: dict[str, list[Row]] = {}
    counted: dict[str, int] = {}
    for row in rows.every:
        settings = row["settings"]
        if row["name"] not in ("gated", "all", "native", "scan", "matrix", "step", "memory"):
            continue
        if settings.get("of") == "scan" or row["baseline"] == "steps":
            continue
        if row["name"] != "native" and not is_usual(row):
            continue
        peer = row["baseline"] if row["baseline"].startswith("torch.nn.") else row["baseline"].partition(".")[0]
        work = settings.get("pass", WORK.get(row["name"], "one step"))
        work += " in chunks" if row["candidate"] == "chunks" else ""
        sizes = (f"{letter} {settings[letter]}" for letter in "BTH" if letter in settings)
        place = settings.get("shape") or ", ".join(sizes)
        kind = f"{work} at {place} against `{peer}`"
        kind = f"RNN, LSTM, GRU: {work} against `torch.nn`" if row["name"] == "native" else kind
        counted[kind] = counted.get(kind, 0) + 1
        if row["ratio"] > 1:
            found.setdefault(kind, []).append(row)
    if not counted:
        return "Nothing has been measured yet."
    if not found:
        return f"Nowhere: none of {sum(counted.values())} comparisons is above 1."
    lines = []
    for kind, lost in found.items():
        worst = sorted(lost, key=lambda row: -row["ratio"])
        named = ("; " if worst[0]["name"] == "native" else ", ").join(
            f"{_brief(row)} {short(row['ratio'])}" for row in worst[:MOST]
        )
        more = f" and {len(worst) - MOST} more" if len(worst) > MOST else ""
        lines.append((kind, f"{len(lost)} of {counted[kind]}", named + more))
    return table(["work", ">lost", "where"], lines)


def _brief(row: Row) -> str:
    if row["name"] == "native":
        return described(row)
    settings = row["settings"]
    cell = f"`{settings['cell']}` " if "cell" in settings else ""
    return f"{cell}{settings.get('form', '')}".strip()
