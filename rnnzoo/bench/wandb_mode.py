"""Whether Weights & Biases is used, and how: never a question, whatever is missing."""

from __future__ import annotations

import netrc
import os
from pathlib import Path
from urllib.parse import urlparse

WANDB_MODES = ("online", "offline", "off")
SERVER = "https://api.wandb.ai"


def default_wandb() -> str:
    """What ``WANDB_MODE`` says, else ``online`` where there is a key, else ``offline``."""
    given = os.environ.get("WANDB_MODE", "").lower()
    if given == "disabled":
        return "off"
    if given in ("offline", "dryrun"):
        return "offline"
    return "online" if has_key() else "offline"


def has_key() -> bool:
    """Whether Weights & Biases would find a key without asking: in the environment, or kept by ``wandb login``."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    host = urlparse(os.environ.get("WANDB_BASE_URL") or SERVER).hostname or ""
    given = os.environ.get("NETRC")
    for path in [Path(given)] if given else [Path.home() / ".netrc", Path.home() / "_netrc"]:
        try:
            if path.is_file() and netrc.netrc(str(path)).authenticators(host) is not None:
                return True
        except (OSError, netrc.NetrcParseError):  # whoever cannot read it has no key in it
            continue
    return False
