"""Each recipe by its closed form, in stacks and by configuration; what does not fit is refused naming both."""

import math

import numpy as np
import pytest
import torch
from tolerances import close

import rnnzoo
from rnnzoo.initialization import RECIPES, RecipeError
from rnnzoo.registry import UnknownName
from rnnzoo.wrappers import innermost

I, H = 3, 8


def cell_of(layer, recipe, width=H, stack=None, **options):
    made = rnnzoo.create_layer(layer, I, width, dtype=torch.float64, **(stack or {}))
    rnnzoo.initialize(made, recipe, **options)
    return innermost(made.cells[0])


@pytest.mark.parametrize(("layer", "gates"), [("srn", 1), ("lstm", 4), ("gru", 3), ("mgu", 2), ("slstm", 4)])
def test_orthogonal_keeps_lengths_in_every_gate(layer, gates):
    cell = cell_of(layer, "orthogonal", gain=2.0)
    blocks = cell.weight_hh.split(H)
    assert len(blocks) == gates
    for block in blocks:
        close(block.T @ block, 4 * torch.eye(H, dtype=torch.float64))
    assert not torch.equal(blocks[0], blocks[-1]) or gates == 1


def test_orthogonal_takes_each_product_of_its_own_weight():
    cell = cell_of("nru", "orthogonal")
    for name, weight in cell.named_parameters():
        if name.startswith("weight_hh") and weight.shape[0] <= weight.shape[1]:
            close(weight @ weight.T, torch.eye(len(weight), dtype=torch.float64))


def test_identity_scaled_forgets_at_that_rate():
    cell = cell_of("srn", "identity", stack={"nonlinearity": "relu"}, scale=0.5)
    h = torch.rand(2, H, dtype=torch.float64)
    close(cell.step(torch.zeros(2, I, dtype=torch.float64), (h,))[0], 0.5 * h)


def test_chrono_spreads_the_times_of_forgetting_evenly_up_to_the_longest():
    cell = cell_of("lstm", "chrono", width=400, max_time=100)
    i, f, _, _ = (cell.bias_ih + cell.bias_hh).split(400)
    close(i, -f)
    u = f.exp().sort().values
    assert 1 <= u[0] < 3
    assert 97 < u[-1] <= 99
    even = torch.linspace(1, 99, 400, dtype=torch.float64)
    assert (u - even).abs().max() < 98 * 1.95 / math.sqrt(400)  # Kolmogorov, one in a thousand
    kept = torch.sigmoid(f)
    close(kept, f.exp() / (f.exp() + 1))


@pytest.mark.parametrize("layer", ["gru", "cifg", "janet", "qrnn", "batch_norm_lstm", "peephole_lstm"])
def test_chrono_makes_a_state_without_input_fade_over_its_time(layer):
    made = rnnzoo.create_layer(layer, I, H, dtype=torch.float64).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.rpartition(".")[2].startswith(("weight", "p_")):
                parameter.zero_()
    rnnzoo.initialize(made, "chrono", max_time=50)
    cell = made.cells[0]
    bias = cell.bias_ih.split(H)[getattr(cell, "forget_block", None) or getattr(cell, "keep_block", 0)]
    state = [torch.full_like(m, 2) if m.is_floating_point() else m for m in cell.initial_state(1)]
    memory = list(cell.states).index("c") if "c" in cell.states else 0
    _, one = cell.step(torch.zeros(1, I, dtype=torch.float64), tuple(state))
    state[memory] = torch.full_like(state[memory], 3)
    _, other = cell.step(torch.zeros(1, I, dtype=torch.float64), tuple(state))
    close((other[memory] - one[memory])[0], torch.sigmoid(bias))  # what is kept of the difference
    assert bias.exp().min() >= 1
    assert bias.exp().max() <= 49


def test_forget_bias_is_the_sum_of_both():
    cell = cell_of("lstm", "forget_bias", total=3.0)
    close((cell.bias_ih + cell.bias_hh)[H : 2 * H], torch.full((H,), 3.0, dtype=torch.float64))


def test_power_law_bends_more_from_layer_to_layer_and_begins_anew_in_every_head():
    layer = rnnzoo.SLSTM(I, H, num_layers=3, num_heads=2, dtype=torch.float64, bias_init="uniform")
    rnnzoo.initialize(layer, "power_law")
    for cell, power in zip(layer.cells, (0.3, 0.95, 1.6), strict=True):
        expected = torch.tensor([5 - 12 * (j / 3) ** power for j in range(4)], dtype=torch.float64)
        close(cell.bias_ih[H : 2 * H], expected.repeat(2))
    usual = rnnzoo.SLSTM(I, H, dtype=torch.float64)  # the authors' for a first block
    given = rnnzoo.SLSTM(I, H, dtype=torch.float64, bias_init="uniform", initialization={"power_law": None})
    torch.testing.assert_close(
        given.cells[0].bias_ih[H : 2 * H], usual.cells[0].bias_ih[H : 2 * H], rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("layer", ["s4d", "s5"])
def test_hippo_has_the_eigenvalues_of_the_normal_part(layer):
    made = rnnzoo.create_layer(layer, H, H, state_size=8, dtype=torch.float64)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(0.1)
    rnnzoo.initialize(made, "hippo")
    cell = made.cells[0]
    real, imag = (cell.log_A_real, cell.A_imag) if layer == "s4d" else (cell.log_Lambda_real, cell.Lambda_imag)
    n = np.arange(8)
    root = np.sqrt(2 * n + 1)
    legs = -np.tril(np.outer(root, root), -1) - np.diag(n + 1.0)
    normal = legs + np.outer(np.sqrt(n + 0.5), np.sqrt(n + 0.5))
    values = np.linalg.eigvals(normal)
    expected = torch.tensor(np.sort(values.imag[values.imag > 0]))
    given = imag.detach()
    for row in given.reshape(-1, 4):
        torch.testing.assert_close(row.sort().values, expected, rtol=1e-8, atol=1e-8)
    close(-real.detach().exp(), torch.full_like(real, -0.5))


def test_ring_is_uniform_over_its_area_and_makes_up_for_the_decay():
    cell = cell_of("lru", "ring", width=1000, r_min=0.6, r_max=0.9, max_phase=0.5)
    a = cell.eigenvalues().detach()
    square = a.square().sum(-1)
    assert 0.36 <= square.min() < 0.365
    assert 0.805 < square.max() <= 0.81
    even = torch.linspace(0.36, 0.81, len(square), dtype=torch.float64)
    assert (square.sort().values - even).abs().max() < 0.45 * 1.95 / math.sqrt(len(square))
    angle = torch.atan2(a[:, 1], a[:, 0])
    assert angle.min() >= 0
    assert 0.49 < angle.max() <= 0.5
    torch.testing.assert_close(cell.gamma_log.exp(), (1 - square).sqrt(), rtol=1e-5, atol=1e-6)


def test_a_stack_takes_recipes_in_one_line_and_says_so():
    recipes = {"orthogonal": None, "chrono": {"max_time": 30}}
    layer = rnnzoo.LSTM(I, H, 2, bidirectional=True, wrappers={"zoneout": None}, initialization=recipes)
    for cell in layer.cells:
        block = innermost(cell).weight_hh[:H]
        torch.testing.assert_close(block.T @ block, torch.eye(H), rtol=1e-5, atol=1e-5)
        assert bool((innermost(cell).bias_ih[H : 2 * H] >= 0).all())
    assert "initialization={'orthogonal': {}, 'chrono': {'max_time': 30}}" in repr(layer)


def test_a_task_takes_them_in_its_configuration_and_a_model_afterwards():
    spec = {"kind": "label", "input": "real", "input_size": I, "output_size": 2}
    given = {"initialization": {"chrono": {"max_time": 30}}}
    task = rnnzoo.create_task("sequence_classification", spec=spec, layer="lstm", hidden_size=H, layer_options=given)
    assert bool((task.encoder.recurrent.cells[0].bias_ih[H : 2 * H] >= 0).all())
    rnnzoo.initialize(task, "forget_bias", total=-1.0)
    assert bool((task.encoder.recurrent.cells[0].bias_ih[H : 2 * H] == -1).all())


MISFITS = {
    "chrono": ("srn", {"max_time": 9}),
    "forget_bias": ("mingru", {}),
    "hippo": ("lstm", {}),
    "identity": ("gru", {}),
    "orthogonal": ("mingru", {}),
    "power_law": ("indrnn", {}),
    "ring": ("lstm", {}),
}


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_a_recipe_that_does_not_fit_is_refused_naming_both(recipe):
    layer, options = MISFITS[recipe]
    with pytest.raises(RecipeError, match=f"'{recipe}' and layer '{layer}'"):
        cell_of(layer, recipe, **options)


@pytest.mark.parametrize(
    ("recipe", "options", "error", "says"),
    [
        ("crono", {}, UnknownName, "did you mean chrono"),
        ("chrono", {"maxtime": 3}, UnknownName, "did you mean max_time"),
        ("chrono", {}, TypeError, "'chrono' needs max_time"),
        ("chrono", {"max_time": 1}, ValueError, "max_time is 1"),
        ("power_law", {"place": 1}, UnknownName, "option of the initialization power_law 'place'"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(recipe, options, error, says):
    with pytest.raises(error, match=says):
        cell_of("lstm", recipe, **options)
    with pytest.raises(error, match=says):
        rnnzoo.LSTM(I, H, initialization={recipe: options})


def test_ring_bounds_and_models_without_a_layer_are_refused():
    with pytest.raises(ValueError, match=r"r_min is 0\.9 and r_max is 0\.6"):
        cell_of("lru", "ring", r_min=0.9, r_max=0.6)
    with pytest.raises(RecipeError, match="no recurrent layer in Linear"):
        rnnzoo.initialize(torch.nn.Linear(2, 2), "orthogonal")
