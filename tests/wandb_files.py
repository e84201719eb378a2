"""Reads what Weights & Biases has written on the disk: the records of a ``.wandb`` file.

The file is LevelDB's log format behind a header of seven bytes: blocks of 32 KiB, in each pieces of records with a
checksum, a length and whether the piece is a whole record (1), or its first (2), a middle (3) or the last (4) part.
"""

import json
import struct
from pathlib import Path

BLOCK, HEADER, PIECE = 32768, 7, struct.Struct("<IHB")


def records(path):
    """The records of a file, in their order."""
    from wandb.proto import wandb_internal_pb2

    content = Path(path).read_bytes()
    assert content[:4] == b":W&B"
    place, parts = HEADER, []
    while place < len(content):
        left = BLOCK - place % BLOCK
        if left < PIECE.size:  # the rest of a block is padding
            place += left
            continue
        if place + PIECE.size > len(content):
            return
        _, length, kind = PIECE.unpack_from(content, place)
        place += PIECE.size
        parts.append(content[place : place + length])
        place += length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(b"".join(parts))
            parts = []
            yield record


def key_of(item):
    """An item's key; a nested one with dots."""
    return item.key or ".".join(item.nested_key)


class WandbRun:
    """What a run has logged: ``config``, ``history`` (a list of dicts), ``summary``, ``artifacts`` and ``info``."""

    def __init__(self, path):
        self.path = Path(path)
        self.config, self.history, self.summary, self.artifacts, self.info, self.exit_code = {}, [], {}, [], None, None
        for record in records(path):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                self.info = record.run
                self.config |= {key_of(item): json.loads(item.value_json) for item in record.run.config.update}
            elif kind == "config":
                self.config |= {key_of(item): json.loads(item.value_json) for item in record.config.update}
            elif kind == "history":
                self.history.append({key_of(item): json.loads(item.value_json) for item in record.history.item})
            elif kind == "summary":
                self.summary |= {key_of(item): json.loads(item.value_json) for item in record.summary.update}
            elif kind == "artifact":
                self.artifacts.append(record.artifact)
            elif kind == "request" and record.request.HasField("log_artifact"):
                self.artifacts.append(record.request.log_artifact.artifact)
            elif kind == "exit":
                self.exit_code = record.exit.exit_code

    def curve(self, key):
        """The values of ``key`` at their steps."""
        return [(row["trainer/global_step"], row[key]) for row in self.history if key in row]


def wandb_runs(folder):
    """The runs below a folder, in the order in which they were begun."""
    return [WandbRun(path) for path in sorted(Path(folder).rglob("*.wandb"), key=_begun)]


def _begun(path):
    """When, with seconds: as the folder's name has it, behind ``run-`` or ``offline-run-``; a second try is ``-1``."""
    return path.parent.name.partition("run-")[2]
