"""The kinds of recurrence, each a readable reference loop and faster paths that agree with it."""

from rnnzoo.ops.backends import BACKENDS, BackendError, resolve

__all__ = ["BACKENDS", "BackendError", "resolve"]
