"""What a layer that remembers from the start begins with."""

import pytest
import torch
from torch import nn

import rnnzoo
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.initialization import initialize, recurrent_cells
from rnnzoo.recurrent import create_layer

H = 6


def cell(layer, **options):
    return create_layer(layer, 3, H, **options).cells[0]


def test_an_identity_srn_with_relu_hands_a_state_on_unchanged_when_nothing_comes_in():
    made = cell("srn", nonlinearity="relu")
    rnnzoo.initialize(made, "identity")
    state = torch.rand(2, H)
    for _ in range(50):
        _, (state_after,) = made.step(torch.zeros(2, 3), (state,))
        assert torch.equal(state_after, state)
    assert 0 < made.weight_ih.abs().max() < 0.01


@pytest.mark.parametrize("layer", ["lstm", "peephole_lstm"])
@pytest.mark.parametrize("recurrent_bias", [True, False])
@pytest.mark.parametrize(("total", "kept"), [(0.0, 0.5), (1.0, 0.731059), (3.0, 0.952574)])
def test_a_cell_that_reads_zeros_keeps_the_share_that_its_forget_bias_says(layer, recurrent_bias, total, kept):
    made = cell(layer, recurrent_bias=recurrent_bias)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()  # the candidate is 0 then, and every other gate a half
    rnnzoo.initialize(made, "forget_bias", total=total)
    _, (_, c) = made.step(torch.zeros(1, 3), (torch.zeros(1, H), torch.ones(1, H)))
    torch.testing.assert_close(c, torch.full((1, H), kept))


def test_by_name_every_layer_of_a_stack_gets_it_and_all_else_stays():
    model = Encoder("tokens", 9, layer="lstm", hidden_size=H, embedding_size=3, num_layers=2, bidirectional=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    initialize(model, nn.Linear(H, 2), "forget_bias_3")
    for made in recurrent_cells(model):
        total = (made.bias_ih + made.bias_hh)[H : 2 * H]
        assert torch.equal(total, torch.full((H,), 3.0))
    changed = {name.split(".")[-1] for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert all("bias" in name for name in changed)


@pytest.mark.parametrize(("recipe", "layer"), [("identity", "lstm"), ("forget_bias", "srn")])
def test_a_layer_that_lacks_what_is_to_be_set_is_refused_by_name(recipe, layer):
    with pytest.raises(ValueError, match=f"{type(cell(layer)).__name__} has"):
        rnnzoo.initialize(cell(layer), recipe)
