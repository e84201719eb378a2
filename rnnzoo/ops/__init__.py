"""The kinds of recurrence, each a readable reference loop and faster paths that agree with it."""

from rnnzoo.ops.backends import BACKENDS, BackendError, resolve
from rnnzoo.ops.gated import Stage, gated, gated_step
from rnnzoo.ops.native import native_stack
from rnnzoo.ops.ragged import check_lengths, mask, reverse_by_length, zero_padding
from rnnzoo.ops.scan import complex_scan, scan
from rnnzoo.ops.softmax_scan import softmax_scan

__all__ = [
    "BACKENDS",
    "BackendError",
    "Stage",
    "check_lengths",
    "complex_scan",
    "gated",
    "gated_step",
    "mask",
    "native_stack",
    "resolve",
    "reverse_by_length",
    "scan",
    "softmax_scan",
    "zero_padding",
]
