"""The sections of docs/speed.md, rendered from the rows of benchmarks/speed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from speed_rows import (
    AROUND,
    PARTS,
    Row,
    Rows,
    against,
    cells,
    is_usual,
    missing,
    of_cell,
    ratio,
    section,
    short,
    table,
)  # fmt: skip
from speed_summary import losses, summary
from speed_targets import targets_section

from rnnzoo.bench.growth import exponents
from rnnzoo.registry import LAYERS

PICTURE = "speed-gated.png"
FORWARD, TRAINING = {"pass": "forward"}, {"pass": "training"}
MEBI = 2**20


def machine(rows: Rows) -> str:
    """What the rows were measured on and with; how many there are under other conditions."""
    mine = [row for row in rows.every if row["name"] in PARTS]
    if not mine:
        return "Nothing has been measured yet: `python benchmarks/speed --write`."
    versions = sorted({f"{name} {version}" for row in mine for name, version in row["versions"].items()})
    processors = sorted({f"{row['cpu']}, {row['cores']} cores" for row in mine})
    commits = sorted({row["commit"][:12] for row in mine})
    days = sorted(row["finished_at"][:10] for row in mine)
    said = [f"Measured {' and '.join(dict.fromkeys((days[0], days[-1])))} on {'; '.join(processors)}"]
    said += [f"with {', '.join(versions)}", f"commit {', '.join(commits)}"]
    others = sum(not is_usual(row) for row in mine if row["name"] != "native")
    note = "" if not any(row["dirty"] for row in mine) else " Some of the code differed from the commit it names."
    note += f" {others} rows made under other conditions are not shown." if others else ""
    return ", ".join(said) + "." + note


@section("gated")
def gated(rows: Rows) -> str:
    """The picture, and one line a layer."""
    heads = ["layer"]
    columns: list[list[Row]] = []
    for shape in ("A", "B", "small"):
        for name, what in (("training step", TRAINING), ("forward", FORWARD)):
            columns.append(rows.part("gated", shape=shape, **what))
            heads.append(f">{name}, {shape}")
    lines = [_medians(columns)]
    lines += [
        [f"`{cell}`", *(ratio(of_cell(c, cell), quartiles=i % 2 == 0) for i, c in enumerate(columns))]
        for cell in cells(rows.part("gated"))
    ]
    picture = f"![Time of a training step over torchrecurrent's, layer by layer](generated/{PICTURE})"
    return f"{picture}\n\n{table(heads, lines)}"


@section("all")
def every(rows: Rows) -> str:
    """One line a layer at A and at the small shape; then those that are parallel over time, at C and D."""
    return "\n\n".join(
        [
            _against_torch(rows, ("A", "small")),
            "Long sequences, for the layers that are parallel over time:",
            _against_torch(rows, ("C", "D")),
        ]
    )


def _against_torch(rows: Rows, shapes: Sequence[str]) -> str:
    heads, columns, quartiles = ["layer", "kind"], [], []
    for shape in shapes:
        for what, baseline in ((TRAINING, "GRU"), (TRAINING, "LSTM"), (FORWARD, "GRU")):
            columns.append(against(rows.part("all", shape=shape, **what), f"torch.nn.{baseline}"))
            heads.append(f">{'step' if what is TRAINING else 'forward'} over nn.{baseline}, {shape}")
            quartiles.append(what is TRAINING and baseline == "GRU")
    named = cells(row for column in columns for row in column)
    if not named:
        return missing(f"all --shapes {','.join(shapes)}")
    lines = [["**median**", "", *_medians(columns)[1:]]]
    for cell in named:
        shown = [ratio(of_cell(c, cell), quartiles=q) for c, q in zip(columns, quartiles, strict=True)]
        lines.append([f"`{cell}`", _kind(cell), *shown])
    return table(heads, lines)


def native(rows: Rows) -> str:
    """One line a layer and form; a column for each number of threads and allocator."""
    mine = rows.part("native", usual=False)
    if not mine:
        return missing("native")
    conditions = sorted({(row["threads"], row["allocator"] != "default") for row in mine})
    heads = ["layer", "input"]
    heads += [f">{n} thread{'s' * (n > 1)}{', tuned allocator' * tuned}" for n, tuned in conditions]
    lines: dict[tuple[str, str], list[str]] = {}
    for row in mine:
        settings = row["settings"]
        form = f"{settings['input']}, {settings['shape']}"
        form += ", 2 layers, both directions" if settings.get("num_layers", 1) > 1 else ""
        line = lines.setdefault((row["candidate"], form), [""] * len(conditions))
        line[conditions.index((row["threads"], row["allocator"] != "default"))] = ratio(row, quartiles=True)
    return table(heads, [(f"`{name}`", form, *line) for (name, form), line in lines.items()])


@section("scan")
def scan(rows: Rows) -> str:
    """The scan against an addition, size by size; the layers against minGRU-pytorch, shape by shape."""
    alone = rows.part("scan", of="scan")
    sizes = list(dict.fromkeys(tuple(row["settings"][letter] for letter in "BTC") for row in alone))
    kinds = list(dict.fromkeys((row["settings"]["backend"], row["settings"]["pass"]) for row in alone))
    held = {(*(row["settings"][key] for key in ("B", "T", "C", "backend", "pass")),): row for row in alone}
    first = table(
        [">B, T, C", *(f">`{backend}` {what}" for backend, what in kinds)],
        [[", ".join(map(str, s)), *(ratio(held.get((*s, *k)), quartiles=True) for k in kinds)] for s in sizes],
    )
    layers = rows.part("scan", of="layer")
    named = list(dict.fromkeys((row["candidate"], row["baseline"]) for row in layers))
    shapes = list(dict.fromkeys(row["settings"]["shape"] for row in layers))
    lines = []
    for candidate, baseline in named:
        line = [f"`{candidate}`", f"`{baseline}`"]
        for shape in shapes:
            for what in ("training", "forward"):
                mine = [r for r in layers if (r["candidate"], r["settings"]["shape"]) == (candidate, shape)]
                row = next((r for r in mine if r["settings"]["pass"] == what), None)
                line.append(ratio(row, quartiles=what == "training"))
        lines.append(line)
    heads = [f">{what}, {shape}" for shape in shapes for what in ("training step", "forward")]
    second = table(["layer", "against", *heads], lines)
    return "\n\n".join([part for part, there in ((first, alone), (second, layers)) if there])


@section("matrix")
def matrix(rows: Rows) -> str:
    """One line a form of the matrix recurrence: against its loop over steps, and against fla-core's reference."""
    mine = rows.part("matrix")
    forms = list(dict.fromkeys(row["settings"]["form"] for row in mine))
    lines = []
    for form in forms:
        held = {(row["candidate"], row["baseline"]): row for row in mine if row["settings"]["form"] == form}
        pairs = [(ours, peer) for ours in ("rnnzoo", "chunks") for peer in ("steps", "fla-core")]
        lines.append([form, *(ratio(held.get(pair), quartiles=pair[0] == "rnnzoo") for pair in pairs)])
    heads = (">over the loop", ">over `fla-core`", ">chunks over the loop", ">chunks over `fla-core`")
    return table(["form", *heads], lines)


@section("crf")
def crf(rows: Rows) -> str:
    """One line for the loss with its gradients and one for decoding: over a loop over sentences, over pytorch-crf."""
    mine = rows.part("crf")
    lines = []
    for what in dict.fromkeys(row["settings"]["pass"] for row in mine):
        held = {row["baseline"]: row for row in mine if row["settings"]["pass"] == what}
        peers = ("a sentence at a time", "pytorch-crf")
        lines.append([what, *(ratio(held.get(peer), quartiles=True) for peer in peers)])
    return table(["", ">a sentence at a time", ">`pytorch-crf`"], lines)


@section("search")
def search(rows: Rows) -> str:
    """One line a comparison."""
    lines = [
        [f"{row['candidate']}, over {row['baseline']}", f"{1000 * row['seconds'] / row['settings']['sentences']:.1f}",
         ratio(row, quartiles=True)]
        for row in rows.part("search")
    ]  # fmt: skip
    return table(["", ">milliseconds a sentence", ">ratio"], lines)


@section("forecast")
def forecast(rows: Rows) -> str:
    """One line a layer."""
    lines = [[f"`{row['settings']['cell']}`", ratio(row, quartiles=True)] for row in rows.part("forecast")]
    return table(["layer", ">over the steps of its layer"], lines)


@section("step")
def step(rows: Rows) -> str:
    """One line a layer, for each size against both cells of torch, and the time itself."""
    mine = rows.part("step")
    sizes = list(dict.fromkeys((row["settings"]["B"], row["settings"]["H"]) for row in mine))
    columns = [against(rows.part("step", B=B, H=H), f"torch.nn.{p}Cell") for B, H in sizes for p in ("LSTM", "GRU")]
    heads = [f">over nn.{peer}Cell, B {B}, H {H}" for B, H in sizes for peer in ("LSTM", "GRU")]
    lines = [["**median**", *_medians(columns)[1:], ""]]
    for cell in cells(mine):
        row = of_cell(columns[0], cell)
        took = f"{1e6 * row['seconds']:.0f}" if row else ""
        lines.append([f"`{cell}`", *(ratio(of_cell(column, cell)) for column in columns), took])
    return table(["layer", *heads, f">microseconds, B {sizes[0][0]}, H {sizes[0][1]}"], lines)


@section("memory")
def memory(rows: Rows) -> str:
    """One line a layer and shape."""
    lines = [
        (
            f"`{row['settings']['cell']}`", row["settings"]["shape"], f"`{row['baseline']}`",
            f"{row['bytes'] / MEBI:.1f}", f"{row['baseline_bytes'] / MEBI:.1f}", ratio(row),
        )
        for row in rows.part("memory")
    ]  # fmt: skip
    return table(["layer", "shape", "against", ">MiB", ">its MiB", ">ratio"], lines)


@section("growth")
def growth(rows: Rows) -> str:
    """One line a layer and what grows."""
    mine = rows.part("growth")
    lines = []
    for (cell, along), exponent in exponents(mine).items():
        found = sorted(rows.part("growth", cell=cell, along=along), key=lambda row: row["settings"][along])
        first = int(found[0]["baseline"].rpartition("=")[2])
        span = f"{first:,} to {found[-1]['settings'][along]:,}"
        times = [f"{1e3 * seconds:.3g}" for seconds in (found[0]["baseline_seconds"], found[-1]["seconds"])]
        lines.append((f"`{cell}`", along, span, *times, f"{exponent:.2f}"))
    return table(["layer", "along", "from, to", ">ms there", ">ms here", ">exponent"], lines)


@section("first-use")
def first_use(rows: Rows) -> str:
    """What the first step of a process takes, with an empty and a full cache; later steps without native code."""
    first, later = rows.part("first-use", of="first step"), rows.part("first-use", of="later steps")
    lines = []
    for cell in cells([*first, *later]):
        built, without = of_cell(first, cell), of_cell(later, cell)
        took = ["", "", ""]
        if built:
            seconds = (built["seconds"], built["baseline_seconds"])
            took = [f"{value:.2f}" for value in (*seconds, seconds[0] - seconds[1])]
        lines.append((f"`{cell}`", *took, ratio(without, quartiles=True)))
    heads = [">first step, empty cache (s)", ">first step, full cache (s)", ">building (s)"]
    return table(["layer", *heads, ">later steps: native over without"], lines)


def around(rows: Rows) -> str:
    """Batches against training on them, and Lightning against plain loops."""
    lines = []
    for row in rows.every:
        if row["name"] in AROUND:
            data = row["settings"].get("data")
            what = row["name"].replace("_", " ") + (f", `{data}`" if data else "")
            lines.append((what, row["candidate"], row["baseline"], ratio(row, quartiles=True)))
    return table(["what", "candidate", "against", ">ratio"], lines) if lines else "Not measured yet."


def _medians(columns: Sequence[Sequence[Row]]) -> list[str]:
    return ["**median**", *(short(statistics.median(r["ratio"] for r in c)) if c else "" for c in columns)]


def _kind(cell: str) -> str:
    return LAYERS.entry(cell).kind if cell in LAYERS else ""


SECTIONS: Mapping[str, Callable[[Rows], str]] = {
    "speed": summary,
    "speed-machine": machine,
    "speed-targets": targets_section,
    "speed-losses": losses,
    "speed-gated": gated,
    "speed-all": every,
    "speed-native": native,
    "speed-scan": scan,
    "speed-matrix": matrix,
    "speed-crf": crf,
    "speed-search": search,
    "speed-forecast": forecast,
    "speed-step": step,
    "speed-memory": memory,
    "speed-growth": growth,
    "speed-first-use": first_use,
    "speed-around": around,
}


def speed_pictures(rows: Rows, out: Path) -> list[Path]:
    """Draw what the page shows into a folder; nothing where there are no rows for it."""
    from rnnzoo.figures import LayerRatio, ratio_ranking, save_figure

    found = [
        LayerRatio(row["settings"]["cell"], row["settings"]["shape"], row["ratio"], row["low"], row["high"])
        for row in rows.part("gated", **TRAINING)
    ]
    if not found:
        return []
    aims = {"the median's aim": 0.35, "every layer's aim": 0.6}
    title = "A training step of every layer of torchrecurrent: our time over theirs"
    figure = ratio_ranking(found, baseline="torchrecurrent", aims=aims, title=title)
    return [save_figure(figure, out / PICTURE)]
