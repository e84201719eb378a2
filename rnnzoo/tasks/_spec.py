"""What a task demands of its data's spec before it is built, and what it reads there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rnnzoo.contracts import MetricSpec, Spec

OF_TAGS, OF_PAIRS = ("scheme", "characters", "intents"), ("begin", "end", "target_padding_id")
OF_FORECASTS, OF_IMAGES = ("look_back", "horizon", "known", "static", "channels"), ("image",)
PLAIN = ("kind", "input", "input_size", "output_size", "labels", "classes", "vocabulary")
SAME = (*PLAIN, *OF_TAGS, *OF_PAIRS, *OF_FORECASTS, *OF_IMAGES)
"""What a model is built for, and no other data may have otherwise."""

NEEDED = ("kind", "input", "input_size", "output_size")


def check_spec(spec: Spec, accepts: Sequence[str], task: str) -> dict[str, Any]:
    """The spec as a dict of its own.

    Args:
        accepts: the kinds of data that the task takes.
        task: its name in a message.

    Raises:
        ValueError: a key is missing, or the kind is another.
    """
    missing = [key for key in NEEDED if key not in spec]
    if missing:
        raise ValueError(f"spec lacks {', '.join(missing)} (it has {', '.join(spec) or 'none'}); give data.spec.")
    if spec["kind"] not in accepts:
        raise ValueError(
            f"spec is of kind '{spec['kind']}', {task} takes {' or '.join(map(repr, accepts))}"
            "; use data of that kind, or the task for this data (`rnnzoo list tasks`)."
        )
    return dict(spec)


def check_same(given: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Refuse data for which a model was not built.

    Args:
        given: the data's spec.
        spec: that which the model was built from.

    Raises:
        ValueError: they differ in what matters to a model.
    """
    for key in SAME:
        if given.get(key) != spec.get(key):
            raise ValueError(
                f"the data's {key} is {given.get(key)!r} and the model was built for {spec.get(key)!r}; "
                "build the model from the spec of this data, or give the data that it was built for."
            )


def labels_of(spec: Mapping[str, Any]) -> list[str]:
    """The labels' names in the order of their numbers; where the spec has none, the numbers.

    Raises:
        ValueError: they are not as many as the outputs.
    """
    V = int(spec["output_size"])
    labels = [str(label) for label in spec.get("labels") or range(V)]
    if len(labels) != V:
        raise ValueError(f"spec has {len(labels)} labels and output_size {V}; expected as many.")
    return labels


def metrics_by_unit(metrics: Iterable[MetricSpec], spec: Mapping[str, Any]) -> tuple[MetricSpec, ...]:
    """Those per character only where the spec's tokens are characters; the others always."""
    own = spec.get("unit") == "character"
    return tuple(metric for metric in metrics if own or not metric.name.endswith("per_character"))
