"""The three contexts are their formulas, and what a decoder starts from is what its bridge says."""

import pytest
import torch
from tolerances import close

from rnnzoo.modules.bridge import NOISE, create_bridge
from rnnzoo.modules.context import Context
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.layer_states import initial_cells, join_cells, select_rows, split_cells, swap_rows
from rnnzoo.recurrent import create_layer
from rnnzoo.registry import UnknownName

LENGTHS = torch.tensor([4, 2, 3])


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def q(context, h):
    return torch.tanh(context.transform.weight @ h + context.transform.bias)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_a_context_is_its_formula(pooling):
    h = torch.randn(3, 4, 6)  # the first half reads forwards, the second backwards
    last, transform = Context("last", 6, directions=2), Context("transform", 6, directions=2, size=5)
    whole = Context("transform_all", 6, directions=2, size=5, pooling=pooling)
    for row, length in enumerate(LENGTHS.tolist()):
        final = torch.cat([h[row, length - 1, :3], h[row, 0, 3:]])
        close(last(h, LENGTHS)[row], final)
        close(transform(h, LENGTHS)[row], q(transform, final))
        states = h[row, :length]
        close(whole(h, LENGTHS)[row], q(whole, states.mean(0) if pooling == "mean" else states.amax(0)))


def test_a_context_that_is_the_last_state_has_its_size():
    with pytest.raises(ValueError, match="size 5 and is the last state itself, of size 6"):
        Context("last", 6, size=5)
    with pytest.raises(UnknownName, match="transform_all"):
        Context("transform-all", 6)


@pytest.mark.parametrize("layer", ["gru", "lstm", "mlstm"])
def test_a_copied_start_is_the_encoders_end(layer):
    encoder = Encoder("tokens", 9, layer=layer, hidden_size=6, embedding_size=5, num_layers=2)
    decoder = create_layer(layer, 4, 6, num_layers=2, batch_first=True)
    inputs = torch.randint(1, 9, (3, 4))
    _, _, hx = encoder.run(inputs, LENGTHS)
    made = create_bridge(decoder, 6, alike=True)(decoder, torch.randn(3, 6), split_cells(hx))
    close(made, hx)
    alone = [encoder.run(inputs[i : i + 1, :n])[2] for i, n in enumerate(LENGTHS.tolist())]
    close(split_cells(made)[1][0], torch.cat([split_cells(one)[1][0] for one in alone]))


def test_a_projected_start_is_tanh_of_a_map_of_its_own_for_every_vector_and_clocks_begin_as_they_do():
    decoder = create_layer("phased_lstm", 4, 6, num_layers=2, batch_first=True)
    bridge, c = create_bridge(decoder, 5), torch.randn(3, 5)
    states = split_cells(bridge(decoder, c, []))
    for maps, (hidden, cell, clock) in zip(bridge.maps, states, strict=True):
        close(hidden, torch.tanh(c @ maps[0].weight.T + maps[0].bias))
        close(cell, torch.tanh(c @ maps[1].weight.T + maps[1].bias))
        assert clock.dtype == torch.int64
        assert clock.eq(0).all()


@pytest.mark.parametrize("layer", ["mlstm", "qrnn", "aaren", "transformer", "slstm"])
def test_states_that_are_no_plain_vectors_are_made_by_reading_the_context(layer):
    decoder = create_layer(layer, 4, 8, num_layers=2, batch_first=True)
    bridge, c = create_bridge(decoder, 5), torch.randn(3, 5)
    _, expected = decoder(bridge.map(c)[:, None])
    for made, wanted in zip(split_cells(bridge(decoder, c, [])), split_cells(expected), strict=True):
        close(made, wanted)


def test_a_start_of_zeros_is_the_cells_own_and_a_random_one_is_drawn_for_each_row():
    decoder = create_layer("lstm", 4, 500, batch_first=True)
    c = torch.randn(3, 5)
    zeros = create_bridge(decoder, 5, start="zeros")(decoder, c, [])
    assert all(member.eq(0).all() for member in zeros)
    random = create_bridge(decoder, 5, start="random")
    h, _ = random(decoder, c, [])
    assert not torch.equal(h[0, 0], h[0, 1])
    assert h.std() == pytest.approx(NOISE, rel=0.1)
    random.eval()
    h, _ = random(decoder, c, [])
    assert torch.equal(h[0, 0], h[0, 1])
    assert torch.equal(h, random(decoder, c, [])[0])


def test_a_learned_initial_state_is_no_plain_vector():
    decoder = create_layer("gru", 4, 6, batch_first=True, wrappers={"learned_state": None})
    assert type(create_bridge(decoder, 5)).__name__ == "ReadState"
    with pytest.raises(ValueError, match="use 'read'"):
        create_bridge(decoder, 5, bridge="project")


def test_what_does_not_go_together_is_told():
    decoder = create_layer("mlstm", 4, 8, batch_first=True)
    with pytest.raises(ValueError, match="'copy' and the encoder's final states are none of the decoder's"):
        create_bridge(decoder, 5, bridge="copy")
    with pytest.raises(ValueError, match="start is 'random' and the decoder's states are of shapes"):
        create_bridge(decoder, 5, start="random")
    with pytest.raises(UnknownName, match="project"):
        create_bridge(decoder, 5, bridge="projet")
    with pytest.raises(UnknownName, match="zeros"):
        create_bridge(decoder, 5, start="zero")


@pytest.mark.parametrize(("layer", "num_layers"), [("gru", 2), ("lstm", 1), ("qrnn", 2)])
def test_states_come_apart_and_together_again(layer, num_layers):
    stack = create_layer(layer, 4, 6, num_layers=num_layers, batch_first=True)
    _, hx = stack(torch.randn(3, 2, 4))
    close(join_cells(split_cells(hx)), hx)
    close(swap_rows(swap_rows(hx)), hx)
    rows = torch.tensor([2, 0, 2])
    chosen = split_cells(swap_rows(select_rows(swap_rows(hx), rows)))
    close(chosen, [tuple(member[rows] for member in state) for state in split_cells(hx)])
    assert len(initial_cells(stack, torch.zeros(5, 1))) == num_layers
