"""Run by ``test_triton.py`` with TRITON_INTERPRET=1: the scans in Triton against the loop over time."""

import torch
from scan_examples import results
from tolerances import close

from rnnzoo.ops import _triton_scan, complex_scan, scan, softmax_scan
from rnnzoo.ops.softmax_scan import lowest


def inputs(a_size, size):
    torch.manual_seed(0)
    a = (torch.rand(*a_size) * 2 - 1).requires_grad_()
    return a, torch.randn(*size, requires_grad=True), torch.randn(size[0], *size[2:], requires_grad=True)


def compare(a_size, size, lengths=None, form=None):
    given = inputs(a_size, size)
    lengths = None if lengths is None else torch.tensor(lengths)
    if form is None:
        ran = [results(*given, lengths, name) for name in ("triton", "reference")]
    else:
        ran = []
        for name in ("triton", "reference"):
            parts = form(*given, lengths=lengths, backend=name)
            score = sum((part * torch.linspace(-1, 1, part.numel()).view_as(part)).sum() for part in parts)
            ran.append((*parts, *torch.autograd.grad(score, given)))
    close(*ran)
    print("equal", a_size, size, lengths, flush=True)


def softmax(name, lengths):
    torch.manual_seed(0)
    s, v, decay = (
        t.requires_grad_() for t in (torch.randn(2, 5, 3) * 9, torch.randn(2, 5, 3, 2), torch.randn(2, 5, 3))
    )
    state = torch.full((2, 3), lowest(torch.float32)), torch.zeros(2, 3), torch.zeros(2, 3, 2)
    states, final = softmax_scan(s, v, state, decay=decay, lengths=lengths, backend=name)
    return (*states[1:], *final[1:], *torch.autograd.grad((states[2].sin().sum() + final[2].sum()), (s, v, decay)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    compare((2, 5, 3), (2, 5, 3))
    compare((2, 5, 3), (2, 5, 3), [5, 2])
    compare((1, 1, 1), (1, 1, 1))
    compare((1, 19, 2, 1), (2, 19, 2, 3), [19, 17])
    compare((2, 1, 2), (2, 3, 2))
    compare((2, 5, 2, 2), (2, 5, 2, 2), [3, 5], complex_scan)
    cut = _triton_scan._tiles
    _triton_scan._tiles = lambda b, channels, form: _triton_scan._cut(cut(b, channels, form), b.shape[1], 3)
    compare((2, 40, 2), (2, 40, 2), [40, 17])
    compare((2, 33, 1), (2, 33, 2))
    _triton_scan._tiles = cut
    for lengths in (None, torch.tensor([5, 3])):
        close(softmax("triton", lengths), softmax("reference", lengths))
    given = inputs((2, 4, 2), (2, 4, 2))
    found = []
    for name in ("triton", "reference"):
        h, final = scan(*given, backend=name)
        first = torch.autograd.grad(h.sin().sum() + final.square().sum(), given, create_graph=True)
        found.append(torch.autograd.grad(sum(g.square().sum() for g in first), given))
    close(*found)
    print("second derivatives equal")
