"""State spaces in native code equal their definition, and keep no state of every step."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck

from rnnzoo.ops import _c_state_space
from rnnzoo.ops._c_state_space import CHUNK
from rnnzoo.ops._c_state_space_check import SHAPES
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.state_space import diagonal_state_space, selective_state_space

RUN = {"selective": selective_state_space, "diagonal": diagonal_state_space}
each_kind = pytest.mark.parametrize("kind", RUN)


def arguments(kind, B=2, T=5, E=3, N=2, dtype=torch.float64):
    """Decays between 0 and 1, as a cell's are; over complex numbers within the unit disc."""
    sizes = {"B": B, "T": T, "E": E, "N": N, "2": 2}
    given = [torch.randn([sizes[letter] for letter in letters], dtype=dtype) for letters in SHAPES[kind]]
    if kind == "selective":
        given[3] = -given[3].exp()
    else:
        given[1] = torch.view_as_real(torch.polar(torch.rand(E, N, dtype=dtype), torch.randn(E, N, dtype=dtype)))
    return [tensor.requires_grad_() for tensor in given]


def ran(kind, backend, given, lengths=None):
    parts = RUN[kind](*given, lengths=lengths, backend=backend)
    generator = torch.Generator().manual_seed(3)
    slopes = [torch.randn(part.shape, generator=generator, dtype=torch.float64).to(part) for part in parts]
    score = sum((part * slope).sum() for part, slope in zip(parts, slopes, strict=True))
    return (*parts, *torch.autograd.grad(score, given))


def relative(found, expected):
    """Agree to the tolerance of their dtype, relative to the largest value of each: sums over time are large."""
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(1.0, float(theirs.detach().abs().max()))
        close(ours / scale, theirs / scale)


@each_kind
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("T", [1, 7, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_native_code_equals_the_loop_in_value_and_gradient(kind, dtype, T):
    for B, E, N in ((1, 1, 1), (3, 5, 4), (2, 8, 3), (1, 19, 16)):
        given = arguments(kind, B, T, E, N, dtype)
        for lengths in (None, torch.randint(1, T + 1, (B,))):
            relative(ran(kind, "c", given, lengths), ran(kind, "reference", given, lengths))


@each_kind
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_how_work_goes_to_threads_changes_no_bit(kind, threads, monkeypatch):
    monkeypatch.setattr(_c_state_space, "SMALL", 1)
    monkeypatch.setattr(_c_state_space, "GROUP", 2)
    given = arguments(kind, 2, CHUNK + 9, 37, 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    expected = ran(kind, "c", given, torch.tensor([CHUNK + 9, 4]))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    found = ran(kind, "c", given, torch.tensor([CHUNK + 9, 4]))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


@each_kind
def test_how_arguments_lie_in_memory_does_not_count(kind):
    given = arguments(kind, 3, 70, 9, 4)
    turned = [t.detach().movedim(0, -1).contiguous().movedim(-1, 0).requires_grad_() for t in given]
    assert not turned[0].is_contiguous()
    relative(ran(kind, "c", turned), ran(kind, "c", given))


@each_kind
def test_what_lies_beyond_a_rows_length_counts_for_nothing(kind):
    given = arguments(kind, 2, CHUNK + 3, 3, 2)
    lengths = torch.tensor([CHUNK + 1, 2])
    expected = ran(kind, "c", given, lengths)
    with torch.no_grad():
        for tensor, letters in zip(given, SHAPES[kind], strict=True):
            if letters.startswith("BT"):
                tensor[1, 2:] = 1e3
    found = ran(kind, "c", given, lengths)
    relative(found, expected)
    assert not found[2][1, 2:].any()


@each_kind
@pytest.mark.parametrize("lengths", [None, torch.tensor([4, 1])], ids=["whole", "ragged"])
def test_first_and_second_derivatives_equal_finite_differences(kind, lengths):
    given = arguments(kind, 2, 4, 2, 2)
    run = partial(RUN[kind], lengths=lengths, backend="c")
    assert gradcheck(run, given)
    assert gradgradcheck(run, given)


@each_kind
@pytest.mark.parametrize("part", [0, 1], ids=["output", "final"])
def test_gradients_of_one_result_alone(kind, part):
    given = arguments(kind)
    grads = [
        torch.autograd.grad(
            RUN[kind](*given, backend=backend)[part].sum(), given, allow_unused=True, materialize_grads=True
        )
        for backend in ("c", "reference")
    ]
    relative(*grads)


@each_kind
def test_no_state_of_every_step_is_kept(kind):
    B, T, E, N = 2, 8 * CHUNK, 16, 12
    kept = {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        RUN[kind](*arguments(kind, B, T, E, N), backend="c")
    given = sum(tensor.numel() for tensor in arguments(kind, B, T, E, N))
    pair = 2 if kind == "diagonal" else 1
    assert sum(kept.values()) <= given + pair * B * E * N * T // CHUNK


@each_kind
def test_half_precision_and_forced_native_code_do_not_go_together(kind):
    given = [tensor.detach().bfloat16() for tensor in arguments(kind)]
    with pytest.raises(BackendError, match=r"bfloat16.*backend='torch'"):
        RUN[kind](*given, backend="c")
    assert RUN[kind](*given)[0].dtype == torch.bfloat16


@each_kind
def test_shapes_and_dtypes_that_do_not_fit_are_named(kind):
    given = [tensor.detach() for tensor in arguments(kind)]
    with pytest.raises(ValueError, match=r"D has shape \(4,\); expected \(E\) = \(3,\)"):
        RUN[kind](*given[:-2], torch.zeros(4, dtype=torch.float64), given[-1])
    with pytest.raises(TypeError, match=r"h0 torch.float32; expected one floating-point dtype"):
        RUN[kind](*given[:-1], given[-1].float())


SWITCHED_OFF = """
import sys, warnings
sys.path[:0] = ["tests", "tests/ops"]
import torch
from test_state_space import RUN, arguments, relative
warnings.simplefilter("error")
for kind, run in RUN.items():
    given = arguments(kind)
    relative(run(*given), run(*given, backend="reference"))
"""


def test_native_code_that_is_switched_off_gives_the_same_numbers(monkeypatch):
    monkeypatch.setenv("RNNZOO_NATIVE", "0")
    subprocess.run([sys.executable, "-c", SWITCHED_OFF], check=True)
