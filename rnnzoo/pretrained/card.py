"""The model card that travels with the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rnnzoo.pretrained.config import Config

CARD = "README.md"
SHOWN = 20  # labels, at most

CARD_TEXT = """\
---
library_name: rnnzoo
tags:
- rnnzoo
- recurrent-neural-network
- {layer}
---

# {name}

{description}

```python
import rnnzoo

model = rnnzoo.load_pretrained("{name}")  # its name, this directory, or its Hugging Face id
```

Only `config.json` and `model.safetensors` are read; nothing is unpickled. Written by rnnzoo {version}.
"""


def model_card(config: Config, name: str, notes: Mapping[str, Any]) -> str:
    """The text of a ``README.md`` for the model ``name``: what it is, its use, its measured numbers, its arguments.

    ``notes`` may hold ``description``, ``data``, ``licence``, ``measured`` (metric -> value) and ``row`` (the run).
    """
    layer = str(config.arguments.get("layer", config.task))
    parts = [
        CARD_TEXT.format(
            name=name,
            layer=layer,
            description=notes.get("description") or f"A `{config.task}` model ({layer}).",
            version=config.rnnzoo_version,
        )
    ]
    if notes.get("measured"):
        parts.append(_table("Measured on these files", {key: f"{v:.4f}" for key, v in notes["measured"].items()}))
    facts = {
        "task": config.task,
        "data": notes.get("data"),
        "licence": notes.get("licence"),
        "trained in": notes.get("row"),
        "stored as": config.weights.get("dtype"),
        "classes": _classes(config),
    }
    parts.append(_table("Configuration", facts | config.arguments))
    return "\n".join(parts)


def _table(title: str, facts: Mapping[str, Any]) -> str:
    lines = [f"| {_cell(key)} | {_cell(value)} |" for key, value in facts.items() if value is not None]
    return "\n".join([f"## {title}", "", "| | |", "|---|---|", *lines]) + "\n"


def _classes(config: Config) -> str | None:
    labels = config.spec.get("labels")
    if not labels:
        return None
    return ", ".join(map(str, labels[:SHOWN])) + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
