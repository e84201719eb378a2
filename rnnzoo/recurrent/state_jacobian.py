"""How much of a gradient is left after travelling back through time: the Jacobian of a late state by earlier ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State


def state_jacobian_norms(cells: nn.ModuleList, x: Tensor) -> Tensor:
    """The norm of ds_T / ds_{T-k} for every lag k, along given inputs, exact, in float64.

    s_t is the whole state after step t: h of a simple recurrent network, h and c of an LSTM, those of all the cells of
    a stack, S numbers. The norm is Frobenius' over sqrt(S): the root mean square, over the directions that a gradient
    of length 1 at s_T can have, of its length at s_{T-k}. It is 1 at lag 0, and a^k where the state is only multiplied
    by a. Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013, arXiv 1211.5063,
    section 2, bound the same product of Jacobians; with norms below 1 from step to step it vanishes, above it may
    explode.

    Every row of the Jacobian is one row of one batch, so that a single backward pass gives all of them at all lags;
    that batch has B * S rows.

    Args:
        cells: of one direction, the first layer first; only their ``step`` is used.
        x: (B, T, I), the input of the first cell.

    Returns:
        (T,), at place k the mean over the B sequences of the norm at lag k.
    """
    exact: Any = copy.deepcopy(cells).to(torch.float64).requires_grad_(False).eval()
    B, T, _ = x.shape
    states = [cell.initial_state(B, device=x.device, dtype=torch.float64) for cell in exact]
    sizes = [member.numel() // B for member in _members(states)]
    S = sum(sizes)
    x = x.detach().to(torch.float64).repeat_interleave(S, dim=0)  # (B S, T, I)
    states = [tuple(member.repeat_interleave(S, dim=0) for member in state) for state in states]
    visited: list[list[Tensor]] = []
    with torch.enable_grad():
        for t in range(T):
            states = _step(exact, x[:, t], states)
            # a node of its own for each member: of an LSTM's, ds/dc_t must not run through h_t = o * tanh(c_t)
            states = [tuple(_node(member, leaf=t == 0) for member in state) for state in states]
            visited.append(_members(states))
        eye = torch.eye(S, dtype=torch.float64, device=x.device).repeat(B, 1)  # (B S, S)
        rows = [row.reshape(member.shape) for row, member in zip(eye.split(sizes, dim=1), visited[-1], strict=True)]
        every = [member for members in visited for member in members]
        gradients = torch.autograd.grad(visited[-1], every, rows, allow_unused=True)
    squares = torch.stack([torch.zeros(B).to(x) if g is None else g.square().reshape(B, -1).sum(1) for g in gradients])
    norms = (squares.reshape(T, -1, B).sum(1) / S).sqrt().mean(1)  # (T,), by the earlier state's step
    return norms.flip(0)


def _step(cells: Iterable[Any], x: Tensor, states: list[State]) -> list[State]:
    after = []
    for cell, state in zip(cells, states, strict=True):
        x, state = cell.step(x, state)  # (B, O)
        after.append(state)
    return after


def _members(states: list[State]) -> list[Tensor]:
    """The members that carry gradients: a clock of whole numbers doesn't."""
    return [member for state in states for member in state if member.is_floating_point()]


def _node(member: Tensor, leaf: bool) -> Tensor:
    if not member.is_floating_point():
        return member
    return member.detach().requires_grad_() if leaf else member.clone()
