import copy
import inspect
import pickle
from dataclasses import replace

import pytest
import torch
from oracles.hgrn import oracle
from tolerances import close

import rnnzoo
from rnnzoo.laws import LAWS, small_cell
from rnnzoo.layers.hgrn import HGRN
from rnnzoo.registry import LAYERS, UnknownName

COMPLEX = replace(LAYERS.entry("hgrn"), tiny={**LAYERS.entry("hgrn").tiny, "form": "complex"})
FORMS = ("real", "complex")


def randomised(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def stack(layers=4, **options):
    return randomised(rnnzoo.HGRN(3, 5, num_layers=layers, dtype=torch.float64, **options))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layer_index", [0, 1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_every_layer_and_form_equals_the_paper(form, layer_index, bias):
    place = {"form": form, "layer_index": layer_index, "num_layers": 4}
    made = randomised(HGRN(3, 4, bias=bias, dtype=torch.float64, **place))
    weights = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
    assert ("Gamma" in weights, "theta" in weights) == (layer_index > 0, form == "complex")
    x, h = torch.randn(2, 70, 3, dtype=torch.float64), torch.randn(2, *made.state_shapes[0], dtype=torch.float64)
    expected, last = oracle(x.numpy(), (h.numpy(),), weights, **place)
    close(made(x, (h,)), (torch.from_numpy(expected), (torch.from_numpy(last[0]),)))


@pytest.mark.parametrize("law", [law for law in LAWS.values() if not law.slow], ids=lambda law: law.name)
def test_the_complex_form_obeys(law):
    if law.needs(COMPLEX):
        law(lambda: small_cell(COMPLEX), COMPLEX)


@pytest.mark.parametrize("form", FORMS)
def test_floors_rise_with_depth_from_zero_to_below_one_whatever_gamma(form):
    floors = torch.stack([cell.lower_bound() for cell in stack(form=form).cells]).detach()
    assert not floors[0].any()
    assert (floors.diff(dim=0) > 0).all()
    assert (floors[-1] < 1).all()


def test_floors_begin_equally_far_apart():
    floors = torch.stack([cell.lower_bound() for cell in rnnzoo.HGRN(3, 5, num_layers=4).cells]).detach()
    close(floors, torch.arange(4).unsqueeze(1).expand(4, 5) / 4)


def test_no_forget_gate_is_below_its_layers_floor():
    made = stack()
    shown = rnnzoo.gate_values(made, 5 * torch.randn(9, 2, 3, dtype=torch.float64))
    for i, cell in enumerate(made.cells):
        forget = shown[f"l{i}"].gates["forget"]
        assert (forget >= cell.lower_bound()).all()
        assert (forget <= 1).all()


def test_the_real_state_stays_between_candidates_and_initial_state():
    made = randomised(HGRN(3, 4, dtype=torch.float64))
    h = torch.randn(2, 4, dtype=torch.float64)
    shown = rnnzoo.gate_values(made, 4 * torch.randn(2, 90, 3, dtype=torch.float64), (h,))
    seen = torch.cat((h.unsqueeze(1), shown.gates["candidate"]), 1)
    assert (shown.states["hidden"] <= seen.cummax(1).values[:, 1:] + 1e-12).all()
    assert (shown.states["hidden"] >= seen.cummin(1).values[:, 1:] - 1e-12).all()


def test_without_turning_the_complex_form_is_two_real_ones():
    made = randomised(HGRN(3, 4, form="complex", dtype=torch.float64))
    with torch.no_grad():
        made.theta.zero_()
    x, h = torch.randn(2, 9, 3, dtype=torch.float64), torch.randn(2, 4, 2, dtype=torch.float64)
    y, (final,) = made(x, (h,))
    f, cr, ci, gr, gi = made.weight_ih.chunk(5)
    bf, bcr, bci, bgr, bgi = made.bias_ih.chunk(5)
    for part, blocks, biases in ((0, (f, cr, gr), (bf, bcr, bgr)), (1, (f, ci, gi), (bf, bci, bgi))):
        real = HGRN(3, 4, dtype=torch.float64)
        real.load_state_dict({"weight_ih": torch.cat(blocks), "bias_ih": torch.cat(biases)})
        close(real(x, (h[..., part],)), (y[..., 4 * part : 4 * part + 4], (final[..., part],)))


def test_a_turn_keeps_the_length_of_a_state_that_nothing_enters():
    made = randomised(HGRN(3, 4, form="complex", dtype=torch.float64))
    with torch.no_grad():
        made.bias_ih[:4] = 1e3
    h = torch.randn(2, 4, 2, dtype=torch.float64)
    _, (final,) = made(torch.randn(2, 50, 3, dtype=torch.float64), (h,))
    close(final.norm(dim=-1), h.norm(dim=-1))
    angle = torch.atan2(final[..., 1], final[..., 0]) - torch.atan2(h[..., 1], h[..., 0]) - 50 * made.theta
    close(angle.cos(), torch.ones_like(angle))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_layers_of_a_direction_share_one_gamma_and_copies_still_do(bidirectional):
    made = stack(bidirectional=bidirectional)
    twin = copy.deepcopy(made)
    loaded = rnnzoo.HGRN(3, 5, num_layers=4, bidirectional=bidirectional)
    loaded.load_state_dict(made.state_dict())
    for layer in (made, twin, pickle.loads(pickle.dumps(made)), loaded, twin.float()):
        step = 2 if bidirectional else 1
        for direction in range(step):
            cells = list(layer.cells)[direction::step]
            assert not hasattr(cells[0], "Gamma")
            assert len({id(cell.Gamma) for cell in cells[1:]}) == 1
        count = sum(parameter.numel() for parameter in layer.parameters())
        assert count == sum(3 * 5 * (cell.input_size + 1) for cell in layer.cells) + step * 4 * 5


def test_what_every_layer_says_about_gamma_adds_up():
    made, x = stack(3), torch.randn(6, 2, 3, dtype=torch.float64)
    made(x)[0].sum().backward()
    apart = [copy.deepcopy(cell) for cell in made.cells]
    y = x.transpose(0, 1)
    for cell in apart:
        cell.zero_grad()
        y, _ = cell(y)
    y.sum().backward()
    close(made.cells[1].Gamma.grad, apart[1].Gamma.grad + apart[2].Gamma.grad)


def test_the_place_in_the_stack_is_no_option_of_the_layer():
    with pytest.raises(TypeError, match="no option 'layer_index'"):
        rnnzoo.HGRN(3, 4, layer_index=1)
    parameters = inspect.signature(rnnzoo.HGRN).parameters
    assert "form" in parameters
    assert "layer_index" not in parameters


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layer_index": 2, "num_layers": 2}, ValueError, "layer_index is 2; expected 0 to 1"),
        ({"num_layers": 0}, ValueError, "num_layers is 0"),
        ({"form": "complx"}, UnknownName, "unknown form 'complx'; did you mean complex"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        HGRN(3, 4, **options)
