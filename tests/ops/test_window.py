"""The steps before a sequence are carried, at each row's own length; convolutions see them and no later ones."""

import pytest
import torch
from tolerances import close
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import conv1d

from rnnzoo.ops.window import causal_convolution, depthwise_convolution, extend

C = 3


def example(k, T, B=3):
    x = torch.randn(B, T, C, dtype=torch.float64, requires_grad=True)
    return x, torch.randn(B, k - 1, C, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_a_window_holds_the_last_k_steps_and_the_tail_the_last_k_less_one(k, T):
    x, tail = example(k, T)
    extended, last = extend(x, tail)
    every = [*tail.unbind(1), *x.unbind(1)]
    for t in range(T):
        close(extended[:, t : t + k], torch.stack(every[t : t + k], 1))
    assert torch.equal(last, torch.stack(every[T:], 1) if k > 1 else x[:, :0])


@pytest.mark.parametrize("k", [1, 2, 4])
def test_a_rows_tail_is_the_one_it_has_alone_in_value_and_gradient(k):
    x, tail = example(k, 5)
    lengths = torch.tensor([1, 5, 2])  # at k = 4 two rows keep part of the tail they came with
    last = extend(x, tail, lengths)[1]
    weight = torch.randn_like(last)
    alone = [extend(x[i : i + 1, :n], tail[i : i + 1])[1] for i, n in enumerate(lengths.tolist())]
    close(last, torch.cat(alone))
    if k > 1:
        wanted = torch.autograd.grad((torch.cat(alone) * weight).sum(), (x, tail))
        close(torch.autograd.grad((last * weight).sum(), (x, tail)), wanted)


@pytest.mark.parametrize("cut", [1, 2, 6])
def test_in_pieces_it_is_as_in_one(cut):
    k = 4
    x, tail = example(k, 7)
    weight = torch.randn(2, C, k, dtype=torch.float64)
    whole, last = extend(x, tail)
    first, middle = extend(x[:, :cut], tail)
    second, end = extend(x[:, cut:], middle)
    parts = [causal_convolution(part, weight) for part in (first, second)]
    close((torch.cat(parts, 1), end), (causal_convolution(whole, weight), last))


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_convolutions_equal_torchs(k, bias):
    extended, _ = extend(*example(k, 6))
    weight, b = torch.randn(5, C, k, dtype=torch.float64), torch.randn(5, dtype=torch.float64) if bias else None
    close(causal_convolution(extended, weight, b), conv1d(extended.mT, weight, b).mT)
    each, b = torch.randn(C, k, dtype=torch.float64), torch.randn(C, dtype=torch.float64) if bias else None
    close(depthwise_convolution(extended, each, b), conv1d(extended.mT, each.unsqueeze(1), b, groups=C).mT)


def test_the_last_tap_is_the_steps_own_and_none_is_later():
    extended, _ = extend(*example(3, 6))
    own = torch.zeros(C, C, 3, dtype=torch.float64)
    own[:, :, 2] = torch.eye(C)
    close(causal_convolution(extended, own), extended[:, 2:])
    close(depthwise_convolution(extended, own[:, :, 2].new_tensor([[0.0, 0, 1]] * C)), extended[:, 2:])


@pytest.mark.parametrize("k", [2, 4])
def test_first_and_second_derivatives_equal_finite_differences(k):
    x, tail = example(k, 2, B=2)
    weights = [torch.randn(2, C, k), torch.randn(2), torch.randn(C, k), torch.randn(C)]
    weights = [weight.double().requires_grad_() for weight in weights]

    def both(x, tail, full, b, each, b_each):
        extended, last = extend(x, tail, torch.tensor([2, 1]))
        return causal_convolution(extended, full, b), depthwise_convolution(extended, each, b_each), last

    assert gradcheck(both, (x, tail, *weights))
    assert gradgradcheck(both, (x, tail, *weights))


def test_traced_it_is_as_eager():
    x, tail = (value.detach() for value in example(4, 2))
    lengths = torch.tensor([1, 2, 2])
    traced = torch.compile(extend, backend="aot_eager", fullgraph=True)
    close(traced(x, tail, lengths), extend(x, tail, lengths))


def test_the_tail_keeps_its_dtype():
    x, tail = (value.detach() for value in example(3, 4))
    assert extend(x.bfloat16(), tail.float())[1].dtype == torch.float32


@pytest.mark.parametrize("shape", [(2, 3, C), (3, 3, C + 1), (3, C)])
def test_a_tail_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match=r"tail has shape .*; expected \(3, k - 1, 3\)"):
        extend(example(2, 4)[0], torch.zeros(shape, dtype=torch.float64))
