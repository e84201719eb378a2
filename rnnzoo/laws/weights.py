"""Laws of weights: all of them are used, saved, moved, seeded and trained."""

from __future__ import annotations

import io

import torch
from torch import nn
from torch.nn import functional as F

from rnnzoo.contracts import LayerEntry
from rnnzoo.laws.law import LawBroken, MakeCell, example, law, run, same, small_cell


@law("parameters_get_gradients")
def law_parameters_get_gradients(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Every parameter moves the outputs or the final state."""
    cell = make_cell()
    gradients = run(cell, cell, *example(cell)).gradients
    dead = [name for name, _ in cell.named_parameters() if not bool((gradients[name] != 0).any())]
    if dead:
        raise LawBroken(f"the gradient is zero everywhere for {', '.join(dead)}")


@law("state_dict_round_trip")
def law_state_dict_round_trip(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Saved weights, loaded into another cell, give the same outputs to the last bit."""
    cell, other = make_cell(), small_cell(entry, seed=1)
    file = io.BytesIO()
    torch.save(cell.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    x, state = example(cell)
    same(other(x, state), cell(x, state), "reloaded cell", 0.0)


@law("dtype_round_trip")
def law_dtype_round_trip(make_cell: MakeCell, entry: LayerEntry) -> None:
    """A cell moved to float32 computes in float32 what it did in float64; an integer state stays integer."""
    cell = make_cell()
    x, state = example(cell)
    expected = cell(x, state)
    cell.float()
    low = tuple(member.float() if member.is_floating_point() else member for member in state)
    y, final = cell(x.float(), low)
    if y.dtype != torch.float32 or [m.dtype for m in final] != [m.dtype for m in low]:
        raise LawBroken(f"a float32 cell gave output of {y.dtype} and states of {[m.dtype for m in final]}")
    same((y, final), expected, "float32 against float64", 1e-4)
    cell.double()
    same(cell(x, state), expected, "float64 weights after a visit to float32", 1e-4)


@law("same_seed_same_weights")
def law_same_seed_same_weights(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Initialisation draws from torch's generator and from nothing else."""
    weights = []
    for seed in (3, 3, 4):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            weights.append(tuple(entry.target(**entry.tiny).state_dict().values()))
    same(weights[1], weights[0], "two cells of one seed", 0.0)
    if all(torch.equal(a, b) for a, b in zip(weights[0], weights[2], strict=True)):
        raise LawBroken("two cells of different seeds have the same weights")


@law("autocast_is_finite")
def law_autocast_is_finite(make_cell: MakeCell, entry: LayerEntry) -> None:
    """Under bfloat16 autocast, outputs, states and gradients are finite, and near the float32 ones."""
    cell = make_cell().float()
    x = example(make_cell())[0].float()
    expected, _ = cell(x)
    with torch.autocast("cpu", torch.bfloat16):
        y, final = cell(x)
    gradients = torch.autograd.grad(y.float().sum(), list(cell.parameters()), allow_unused=True)
    for what, parts in {"output": (y,), "final state": final, "gradient": gradients}.items():
        if not all(bool(part.isfinite().all()) for part in parts if part is not None):
            raise LawBroken(f"{what} is not finite under bfloat16 autocast")
    same(y, expected, "autocast output against float32", 0.1)


@law("learns_a_delay")
def law_learns_a_delay(make_cell: MakeCell, entry: LayerEntry) -> None:
    """A few hundred Adam steps teach it to recall one of two symbols past four distracting ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cell = make_cell().train()
        into = nn.Linear(4, cell.input_size, dtype=torch.float64)
        out = nn.Linear(cell.output_size, 2, dtype=torch.float64)
        model = nn.ModuleList([cell, into, out])
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.03)
        recent = 1.0
        for _ in range(400):
            symbol = torch.randint(2, (16, 1))
            tokens = torch.cat([symbol, torch.randint(2, 4, (16, 4))], 1)  # (B, T)
            y, _ = cell(into(F.one_hot(tokens, 4).double()))
            loss = F.cross_entropy(out(y[:, -1]), symbol[:, 0])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent = 0.9 * recent + 0.1 * float(loss.detach())
            if recent < 0.1:
                return
    raise LawBroken(f"after 400 steps the loss is {recent:.3f}; guessing gives 0.693")
