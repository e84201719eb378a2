"""Every registered layer obeys every law; a broken cell is caught by the law it breaks.

The laws that compile and export take seconds a layer: CI tries them on one layer of each base, and
``RNNZOO_EXPORT_ALL=1 pytest tests/contract/test_laws.py`` on all, in minutes.
"""

import os

import pytest
import torch
from torch import nn

from rnnzoo import laws
from rnnzoo.contracts import LayerEntry, Paper
from rnnzoo.laws import LAWS, LawBroken, small_cell
from rnnzoo.registry import LAYERS, UnknownName

ENTRIES = LAYERS.entries()
FIRST_OF_BASE = {entry.target.__mro__[1]: entry.name for entry in reversed(ENTRIES) if entry.exportable}
"""Of the layers that share their loop and their ways, one."""
ALL = bool(os.environ.get("RNNZOO_EXPORT_ALL"))


def _cases():
    for entry in ENTRIES:
        for law in LAWS.values():
            if not law.slow or ALL or entry.name in FIRST_OF_BASE.values():
                marks = [pytest.mark.slow] if law.slow else []
                yield pytest.param(entry, law, id=f"{entry.name}-{law.name}", marks=marks)


@pytest.mark.parametrize(("entry", "law"), list(_cases()))
def test_layer_obeys_law(entry, law):
    if law.name in entry.exemptions:
        pytest.skip(f"exempt: {entry.exemptions[law.name]}")
    if not law.needs(entry):
        pytest.skip("not declared")
    law(lambda: small_cell(entry), entry)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_exemptions_name_laws_and_give_a_reason(entry):
    assert set(entry.exemptions) <= set(LAWS)
    assert all(entry.exemptions.values())


def test_layers_of_the_base_are_there():
    assert {"srn", "lstm", "gru", "peephole_lstm", "mingru", "minlstm"} <= {entry.name for entry in ENTRIES}


def test_check_reports_on_every_law_and_refuses_unknown_ones():
    verdicts = laws.check("srn", laws=["shapes", "causal"])
    assert [(v.law, v.outcome) for v in verdicts] == [("shapes", "holds"), ("causal", "holds")]
    with pytest.raises(UnknownName, match="did you mean causal"):
        laws.check("srn", laws=["casual"])


class Leaky(nn.Module):
    """h_t = tanh(W x_t + w h_{t-1}), y_t = h_t; each subclass breaks one law."""

    def __init__(self, input_size=2, hidden_size=3, bias=True, device=None, dtype=None):
        super().__init__()
        self.input_size, self.output_size, self.state_shapes = input_size, hidden_size, ((hidden_size,),)
        self.backend, self.last_backend = None, "reference"
        self.weight = nn.Parameter(torch.randn(hidden_size, input_size, dtype=dtype))
        self.decay = nn.Parameter(torch.randn(hidden_size, dtype=dtype))

    def initial_state(self, batch_size, *, device=None, dtype=None):
        return (torch.zeros(batch_size, self.output_size, dtype=dtype or self.weight.dtype),)

    def step(self, x, state):
        h = torch.tanh(nn.functional.linear(x, self.weight).to(state[0].dtype) + self.decay * state[0])
        return h, (h,)

    def forward(self, x, state=None, lengths=None):
        state = state or self.initial_state(x.shape[0])
        if lengths is None:
            lengths = torch.full((x.shape[0],), x.shape[1])
        y = []
        for t in range(x.shape[1]):
            alive = (t < lengths).unsqueeze(1)
            h, _ = self.step(torch.where(alive, x[:, t], 0), state)
            y.append(torch.where(alive, h, 0))
            state = (torch.where(alive, h, state[0]),)
        return torch.stack(y, 1), state


class ForgetsChunks(Leaky):
    def forward(self, x, state=None, lengths=None):
        return super().forward(x, None if x.shape[1] > 3 else state, lengths)


class SeesPadding(Leaky):
    def forward(self, x, state=None, lengths=None):
        y, state = super().forward(x, state, lengths)
        return y + 0 * x.sum(), state


class SeesNeighbours(Leaky):
    def forward(self, x, state=None, lengths=None):
        y, state = super().forward(x - x.mean(0, keepdim=True), state, lengths)
        return y, state


class SeesTheFuture(Leaky):
    def forward(self, x, state=None, lengths=None):
        y, state = super().forward(x, state, lengths)
        return y + y.mean(1, keepdim=True), state


class DeadWeight(Leaky):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.unused = nn.Parameter(torch.ones_like(self.decay))


class DetachesState(Leaky):
    def forward(self, x, state=None, lengths=None):
        state = None if state is None else (state[0].detach(),)
        return super().forward(x, state, lengths)


class KeepsWeightsAside(Leaky):
    def forward(self, x, state=None, lengths=None):
        self.aside = self.__dict__.setdefault("aside", torch.rand(()).item())
        return super().forward(x * self.aside, state, lengths)


class WritesItsInput(Leaky):
    def forward(self, x, state=None, lengths=None):
        if not x.requires_grad:
            x.mul_(2)
        return super().forward(x, state, lengths)


class DrawsFromTheClock(Leaky):
    drawn = 0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        DrawsFromTheClock.drawn += 1
        self.weight.data += DrawsFromTheClock.drawn


class ForgetsAtOnce(Leaky):
    def step(self, x, state):
        h = torch.tanh(nn.functional.linear(x, self.weight).to(state[0].dtype)) + 0 * self.decay * state[0]
        return h, (h,)


BROKEN = [
    (ForgetsChunks, "whole_is_chunked"),
    (ForgetsChunks, "whole_is_stepped"),
    (SeesPadding, "padding_changes_nothing"),
    (SeesNeighbours, "neighbours_change_nothing"),
    (SeesTheFuture, "causal"),
    (DeadWeight, "parameters_get_gradients"),
    (DetachesState, "whole_is_stepped"),
    (KeepsWeightsAside, "state_dict_round_trip"),
    (WritesItsInput, "inputs_are_left_alone"),
    (DrawsFromTheClock, "same_seed_same_weights"),
    (ForgetsAtOnce, "learns_a_delay"),
    (ForgetsAtOnce, "parameters_get_gradients"),
]


def _entry(cell):
    return LayerEntry(
        name=cell.__name__,
        target=cell,
        class_name=cell.__name__,
        paper=Paper("", "", 2026, ""),
        kind="other",
        description="",
        tiny={"input_size": 2, "hidden_size": 3},
        oracle=None,
        double_backward=True,
    )


@pytest.mark.parametrize("law", [law for law in LAWS.values() if not law.slow], ids=lambda law: law.name)
def test_a_plain_cell_obeys(law):
    if law.needs(_entry(Leaky)):
        law(lambda: small_cell(_entry(Leaky)), _entry(Leaky))


@pytest.mark.parametrize(("cell", "law"), BROKEN, ids=lambda value: getattr(value, "__name__", value))
def test_law_catches(cell, law):
    with pytest.raises(LawBroken):
        LAWS[law](lambda: small_cell(_entry(cell)), _entry(cell))


def test_backend_that_differs_is_caught():
    class Wrong(Leaky):
        backends = ("reference", "torch")

        def forward(self, x, state=None, lengths=None):
            self.last_backend = self.backend or "torch"
            y, state = super().forward(x, state, lengths)
            return (y, state) if self.backend == "reference" else (y * 1.001, state)

    entry = _entry(Wrong)
    with pytest.raises(LawBroken, match="torch"):
        LAWS["backends_agree"](lambda: small_cell(entry), entry)
