"""The door out: layers and trained models for runtimes that know nothing of rnnzoo."""

from __future__ import annotations

from rnnzoo.exporting._errors import ExportError
from rnnzoo.exporting.writing import FORMATS, export

__all__ = ["FORMATS", "ExportError", "export"]
