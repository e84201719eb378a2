"""The page of a layer tells its states in terms of H, and what it is held to."""

import pytest
import torch

import rnnzoo
from rnnzoo.recurrent.page import layer_page, state_formula
from rnnzoo.registry import LAYERS


@pytest.mark.parametrize(
    ("shape", "formula"),
    [
        (lambda H: ((H,),), "(H)"),
        (lambda H: ((H,), (2 * H,)), "(H), (2H)"),
        (lambda H: ((H, 16), (H + 1,), (3 * H - 2,)), "(H, 16), (H + 1), (3H - 2)"),
        (lambda H: ((H * H,),), "(256 at H=16)"),
        (lambda H: (), "none"),
    ],
)
def test_the_states_are_told_in_terms_of_H(registering, shape, formula):
    class Shaped(rnnzoo.GatedCell):
        def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
            torch.nn.Module.__init__(self)
            self.state_shapes = shape(hidden_size)

    rnnzoo.register_layer("shaped")(Shaped)
    assert state_formula(LAYERS.entry("shaped")) == formula


def test_a_cell_of_one_size_alone_tells_its_states_at_that(registering):
    class Fixed(rnnzoo.GatedCell):
        def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
            if hidden_size != 4:
                raise ValueError("4")
            torch.nn.Module.__init__(self)
            self.state_shapes = ((4, 2),)

    rnnzoo.register_layer("fixed")(Fixed)
    assert state_formula(LAYERS.entry("fixed")) == "(4, 2) at H=4"
    assert "States:    (4, 2) at H=4" in layer_page(LAYERS.entry("fixed"))


def test_the_page_of_a_layer_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    layer_page(LAYERS.entry("lstm"))
    assert torch.equal(torch.get_rng_state(), before)
    assert "Verified:  held to torch.nn.LSTM" in layer_page(LAYERS.entry("lstm"))
