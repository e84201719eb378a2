"""The matrix recurrence in native code: how arguments lie, how work is shared out, what lies beyond a row's length."""

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck

from rnnzoo.ops import _c_matrix, matrix
from rnnzoo.ops._c_build import Missing
from rnnzoo.ops._c_matrix import CHUNK
from rnnzoo.ops.backends import BackendError, has_compiler
from rnnzoo.ops.matrix import matrix_scan

pytestmark = pytest.mark.skipif(not has_compiler(), reason="no C compiler here")


def arguments(T, B=2, N=3, K=5, V=3, dtype=torch.float64):
    """All of them, so that no array is left out."""
    generator = torch.Generator().manual_seed(T)
    shapes = {"q": (B, T, N, K), "k": (B, T, N, K), "v": (B, T, N, V), "S0": (B, N, V, K)}
    shapes |= {"log_decay": (B, T, N, K), "a": (B, T, N, K), "b": (B, T, N, K), "bonus": (N, K)}
    given = {name: torch.randn(shape, generator=generator, dtype=dtype) / 3 for name, shape in shapes.items()}
    given["log_decay"] = -given["log_decay"].abs()
    return {name: value.requires_grad_() for name, value in given.items()}


def ran(given, **options):
    parts = matrix_scan(**given, **options)
    slopes = [torch.linspace(-1, 1, part.numel(), dtype=part.dtype).view_as(part) for part in parts]
    return [*(part.detach() for part in parts), *torch.autograd.grad(parts, list(given.values()), slopes)]


def alike(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(1.0, float(theirs.abs().max()))
        close(ours / scale, theirs / scale)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("K", "V"), [(1, 1), (4, 8), (8, 4), (17, 33), (3, 70), (40, 20)])
def test_widths_of_any_number_of_vectors(K, V, dtype):
    given = arguments(CHUNK + 1, K=K, V=V, dtype=dtype)
    alike(ran(given, backend="c"), ran(given, backend="reference"))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_how_work_goes_to_threads_changes_no_bit(threads, monkeypatch):
    monkeypatch.setattr(_c_matrix, "SMALL", 1)
    given, lengths = arguments(2 * CHUNK + 5, V=70), torch.tensor([2 * CHUNK + 5, 4])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    expected = ran(given, lengths=lengths, backend="c")
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    found = ran(given, lengths=lengths, backend="c")
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_how_arguments_lie_in_memory_does_not_count():
    given = arguments(CHUNK + 3)
    turned = {n: x.detach().movedim(0, -1).contiguous().movedim(-1, 0).requires_grad_() for n, x in given.items()}
    assert not turned["q"].is_contiguous()
    alike(ran(turned, backend="c"), ran(given, backend="c"))


def test_parts_of_one_product_are_read_where_they_lie():
    """q, k and v as views of (B, T, 3 N K), which no copy makes contiguous."""
    product = torch.randn(2, 9, 3, 2, 4, dtype=torch.float64)
    q, k, v = product.unbind(2)
    assert not q.is_contiguous()
    S0 = torch.zeros(2, 2, 4, 4, dtype=torch.float64)
    found = matrix_scan(q, k, v, S0, backend="c")
    alike(found, matrix_scan(q.contiguous(), k.contiguous(), v.contiguous(), S0, backend="reference"))


def test_what_lies_beyond_a_rows_length_counts_for_nothing():
    given, lengths = arguments(CHUNK + 9), torch.tensor([CHUNK + 9, 3])
    expected = ran(given, lengths=lengths, backend="c")
    with torch.no_grad():
        for name, value in given.items():
            if value.dim() == 4 and name != "S0":
                value[1, 3:] = torch.nan
    found = ran(given, lengths=lengths, backend="c")
    alike(found, expected)
    for gradient, (name, value) in zip(found[2:], given.items(), strict=True):
        if value.dim() == 4 and name != "S0":
            assert not gradient[1, 3:].any()


@pytest.mark.parametrize("part", [0, 1], ids=["outputs", "state"])
def test_gradients_of_one_result_alone(part):
    found = []
    for backend in ("c", "reference"):
        given = arguments(CHUNK + 2)
        score = matrix_scan(**given, backend=backend)[part].square().sum()
        found.append(torch.autograd.grad(score, list(given.values()), allow_unused=True, materialize_grads=True))
    alike(*found)


def test_gradients_equal_finite_differences_where_decays_are_of_all_rows_and_steps():
    given = arguments(4, B=2, N=1, K=2, V=2)
    given["log_decay"] = torch.tensor([[[[-0.3]]]], dtype=torch.float64, requires_grad=True)

    def function(*values):
        return matrix_scan(**dict(zip(given, values, strict=True)), lengths=torch.tensor([4, 2]), backend="c")

    assert gradcheck(function, tuple(given.values()))


def test_only_some_arguments_want_gradients():
    given = {name: value.detach() for name, value in arguments(7).items()}
    given["v"].requires_grad_()
    found = [
        torch.autograd.grad(matrix_scan(**given, backend=backend)[0].sum(), given["v"])
        for backend in ("c", "reference")
    ]
    alike(*found)


def test_where_it_cannot_run_chunks_do_and_who_asked_for_it_is_told(monkeypatch):
    given = {name: value.detach() for name, value in arguments(5).items()}
    expected = matrix_scan(**given, backend="torch")
    monkeypatch.setattr(matrix, "find_matrix", lambda device, dtype: Missing("there is none", here=False))
    alike(matrix_scan(**given), expected)
    with pytest.raises(BackendError, match=r"backend='c': there is none\. backend='torch' can"):
        matrix_scan(**given, backend="c")


@pytest.mark.parametrize(("wide", "edited", "steps", "native"), [
    (True, False, matrix.SHORT, False), (True, True, matrix.SHORT, True), (True, False, matrix.SHORT - 1, True),
    (False, False, matrix.SHORT, True),
])  # fmt: skip
def test_of_states_too_wide_for_a_cache_chunks_are_taken_where_nothing_edits_them(
    wide, edited, steps, native, monkeypatch
):
    V = matrix.WIDE // 8 + wide
    given = arguments(steps, B=1, N=1, K=8, V=V, dtype=torch.float32)
    if not edited:
        del given["a"], given["b"]
    ways = []
    for name in ("run_matrix", "run_chunks"):
        found = getattr(matrix, name)
        monkeypatch.setattr(matrix, name, lambda *a, _n=name, _f=found, **k: (ways.append(_n), _f(*a, **k))[1])
    with torch.no_grad():
        y, _ = matrix_scan(**given)
        asked, _ = matrix_scan(**given, backend="c")
    assert ways == ["run_matrix" if native else "run_chunks", "run_matrix"]
    alike([y], [asked])


def test_functions_that_torch_transforms_run_in_chunks():
    given = {name: value.detach() for name, value in arguments(5).items()}
    q = given.pop("q")
    found = torch.func.vmap(lambda q: matrix_scan(q, **given)[0])(torch.stack((q, 2 * q)))
    alike(found, (matrix_scan(q, **given)[0], matrix_scan(2 * q, **given)[0]))
