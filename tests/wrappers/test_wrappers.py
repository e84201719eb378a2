"""Each wrapper does what its paper says: closed forms, means over the draws, one draw where there is to be one."""

import pytest
import torch
from tolerances import close
from torch.nn import functional as F

from rnnzoo.laws import small_cell
from rnnzoo.laws.law import example
from rnnzoo.registry import LAYERS, UnknownName
from rnnzoo.wrappers import WrapperError, wrap

ALMOST_ALL = 1 - 1e-12


def cell_of(layer):
    return small_cell(LAYERS.entry(layer))


def around(layer, **wrappers):
    return wrap(cell_of(layer), wrappers).double()


@pytest.mark.parametrize("layer", ["lstm", "mgu", "indrnn", "mingru", "lru", "mamba", "cornn", "gla"])
def test_zoneout_in_evaluation_mixes_the_old_state_in(layer):
    plain, zoned = cell_of(layer), around(layer, zoneout={"p": 0.3}).eval()
    x, state = example(plain)
    _, given = zoned(x, state)
    for t in range(x.shape[1]):
        _, new = plain.step(x[:, t], state)
        tail = new[len(plain.states) :]  # a window's tail is what it is
        state = (*(0.3 * old + 0.7 * s for old, s in zip(state, new[: len(plain.states)], strict=False)), *tail)
    close(given, state)


@pytest.mark.parametrize("layer", ["lstm", "mingru", "lru"])
@pytest.mark.parametrize("wrapper", ["zoneout", "recurrent_dropout"])
def test_a_step_in_training_has_the_mean_of_evaluation(layer, wrapper):
    cell = around(layer, **{wrapper: {"p": 0.4}})
    x, state = example(cell.cell, batch=1)
    many = tuple(member.expand(40000, *member.shape[1:]) for member in state)
    memory = -1  # an LSTM's c: h follows it through a tanh
    mean = cell.eval().step(x[:, 0], state)[1][memory][0]
    draws = cell.train().step(x[:, 0].expand(40000, -1), many)[1][memory]
    error = draws.std(0) / 200
    assert bool(((draws.mean(0) - mean).abs() <= 5 * error + 1e-12).all())
    assert bool((error > 0).any())


def test_zoneout_at_1_keeps_the_state_and_at_0_is_the_cell():
    x, state = example(cell_of("lstm"))
    kept = around("lstm", zoneout={"p": {"c": 1.0}}).train()(x, state)[1]
    close(kept[1], state[1])
    assert not torch.equal(kept[0], state[0])
    close(around("lstm", zoneout={"p": 0.0}).train()(x, state), cell_of("lstm")(x, state))


def test_each_number_of_the_state_is_kept_or_new():
    cell = around("lstm", zoneout={"p": 0.5}).train()
    x, state = example(cell.cell)
    new = cell.cell.step(x[:, 0], state)[1]
    y, after = cell.step(x[:, 0], state)
    for old, fresh, given in zip(state, new, after, strict=True):
        assert bool(((given == old) | (given == fresh)).all())
    assert torch.equal(y, after[0])


@pytest.mark.parametrize(("layer", "gate"), [("lstm", "forget"), ("gru", "update"), ("trnn", "forget")])
def test_where_every_candidate_is_dropped_the_memory_fades_as_its_gates_say(layer, gate):
    cell = around(layer, recurrent_dropout={"p": ALMOST_ALL}).train()
    assert cell.acts_on == "candidate"
    x, state = example(cell.cell)
    expected = state[-1]
    for t in range(x.shape[1]):
        expected = expected * cell.cell.gate_values(x[:, t : t + 1], state).gates[gate].squeeze(1)
        state = cell.step(x[:, t], state)[1]
        close(state[-1], expected)


def test_where_every_update_is_dropped_the_state_stays():
    cell = around("mgu", recurrent_dropout={"p": ALMOST_ALL}).train()
    assert cell.acts_on == "update"
    x, state = example(cell.cell)
    y, final = cell(x, state)
    close(final, state)
    close(y, state[0].unsqueeze(1).expand_as(y))


@pytest.mark.parametrize("layer", ["lstm", "mgu", "trnn"])
def test_a_locked_draw_drops_the_same_units_at_every_step(layer):
    cell = around(layer, recurrent_dropout={"p": 0.5, "locked": True}).train()
    x, _ = example(cell.cell, batch=8, time=6)
    y, _ = cell(x)
    assert bool(((y == 0).all(1) | (y != 0).all(1)).all())  # from a state of zeros, dropped is zero throughout
    assert bool((y == 0).any())


def test_weight_drop_is_the_cell_with_dropped_weights_on_the_fast_path():
    cell, plain = around("lstm", weight_drop={"p": 0.5}).train(), cell_of("lstm")
    x, state = example(plain)
    torch.manual_seed(3)
    y, final = cell(x, state)
    y.sum().backward()
    torch.manual_seed(3)
    with torch.no_grad():
        plain.weight_hh.copy_(F.dropout(plain.weight_hh, 0.5))
    close((y, final), plain(x, state))
    assert cell.last_backend == plain.last_backend != "reference"
    gradient = cell.cell.weight_hh.grad
    assert torch.equal(gradient == 0, plain.weight_hh == 0)
    close(cell.cell.weight_hh, cell_of("lstm").weight_hh)


def test_a_forward_has_one_draw_of_the_weights_also_where_it_goes_step_by_step():
    cell = around("mgu", weight_drop={"p": 0.5}, zoneout={"p": 0.0}).train()
    x, _ = example(cell_of("mgu"), batch=1)
    state = (torch.randn(1, 4, dtype=torch.float64),)
    torch.manual_seed(5)
    stepped = cell(x, state)
    torch.manual_seed(5)
    close(stepped, cell.cell(x, state))
    assert not torch.equal(cell(x, state)[0], stepped[0])


def test_an_elementwise_weight_is_dropped_where_it_is_named():
    cell = around("indrnn", weight_drop={"p": ALMOST_ALL, "parameters": ["u"]}).train()
    x, state = example(cell.cell)
    close(cell(x, state)[0], cell(x)[0])  # no u, no memory


def test_variational_dropout_has_one_mask_a_row_for_inputs_and_state():
    cell = around("srn", variational_dropout={"input": 0.5, "state": 0.5}).train()
    srn = cell.cell
    x, (h,) = example(srn)
    torch.manual_seed(2)
    y, _ = cell(x, (h,))
    torch.manual_seed(2)
    m_x = F.dropout(x.new_ones(3, 1, 3), 0.5)[:, 0]
    m_h = F.dropout(x.new_ones(3, 4), 0.5)
    for t in range(x.shape[1]):
        inward, back = (m_x * x[:, t]) @ srn.weight_ih.T, (m_h * h) @ srn.weight_hh.T
        h = torch.tanh(inward + back + srn.bias_ih + srn.bias_hh)
        close(y[:, t], h)
    assert not torch.equal(m_h[0], m_h[1])


def test_dropped_factors_leave_the_memory_as_it_is():
    cell = around("lstm", variational_dropout={"input": 0.0, "state": ALMOST_ALL}).train()
    x, (h, c) = example(cell.cell)
    close(cell.step(x[:, 0], (h, c)), cell.cell.step(x[:, 0], (torch.zeros_like(h), c)))


def test_layer_norm_of_the_output_and_of_the_state():
    x, state = example(cell_of("lstm"))
    y, _ = around("lstm", layer_norm=None)(x, state)
    close(y.mean(-1), torch.zeros(3, 7, dtype=torch.float64))
    close(y, F.layer_norm(cell_of("lstm")(x, state)[0], (4,)))
    given, final = around("lstm", layer_norm={"on": "state"})(x, state)
    plain = cell_of("lstm")
    for t in range(x.shape[1]):
        h, (_, c) = plain.step(x[:, t], state)
        state = (F.layer_norm(h, (4,)), c)
        close(given[:, t], state[0])
    close(final, state)


def test_a_learned_state_is_where_every_row_begins_and_learns_from_all():
    cell = around("lstm", learned_state=None)
    with torch.no_grad():
        cell.initial_c.fill_(0.5)
    x, _ = example(cell.cell)
    start = (torch.zeros(3, 4, dtype=torch.float64), torch.full((3, 4), 0.5, dtype=torch.float64))
    y, final = cell(x)
    close((y, final), cell.cell(x, start))
    y.sum().backward()
    whole = cell.initial_c.grad.clone()
    cell.initial_c.grad = None
    for b in range(3):
        cell(x[b : b + 1])[0].sum().backward()
    close(cell.initial_c.grad, whole)
    assert bool((whole != 0).all())


@pytest.mark.parametrize("wrapper", ["zoneout", "recurrent_dropout", "weight_drop", "variational_dropout"])
def test_draws_come_from_torchs_generator(wrapper):
    cell = around("lstm", **{wrapper: None}).train()
    x, state = example(cell.cell)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(cell(x, state)[0])
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize(
    ("layer", "wrappers", "says"),
    [
        ("aaren", {"zoneout": None}, "'zoneout' around layer 'aaren': no member .* m, u and w are one sum"),
        (
            "linear_attention",
            {"zoneout": None},
            "'linear_attention': no member .* S is a weighted sum, and n its weights",
        ),
        ("slstm", {"zoneout": {"p": {"m": 0.1}}}, "'zoneout' around layer 'slstm': 'm' cannot be changed on its own"),
        ("batch_norm_lstm", {"zoneout": {"p": {"state2": 0.1}}}, "'batch_norm_lstm': 'state2' .* whole number"),
        ("qrnn", {"zoneout": {"p": {"tail": 0.1}}}, "'qrnn': 'tail' .* last steps of the input"),
        ("mingru", {"learned_state": None, "zoneout": None}, "'mingru': .* named before 'learned_state'"),
        ("mingru", {"weight_drop": None}, r"'weight_drop' around layer 'mingru': .*weight_ih, bias_ih"),
        ("rwkv4", {"recurrent_dropout": None}, "'recurrent_dropout' around layer 'rwkv4'"),
        ("lstm", {"zoneout": None, "recurrent_dropout": None}, "'lstm': .* named before 'zoneout'"),
        ("mingru", {"variational_dropout": {"state": 0.1}}, "'variational_dropout' around layer 'mingru'"),
        ("mingru", {"layer_norm": {"on": "state"}}, "'layer_norm' around layer 'mingru'"),
        ("aaren", {"learned_state": None}, "'learned_state' around layer 'aaren'"),
    ],
    ids=str,
)
def test_what_a_cell_cannot_bear_is_refused_naming_both(layer, wrappers, says):
    with pytest.raises(WrapperError, match=says):
        wrap(cell_of(layer), wrappers)


@pytest.mark.parametrize(
    ("wrappers", "error", "says"),
    [
        ({"zonout": None}, UnknownName, "did you mean zoneout"),
        ({"zoneout": {"q": 0.1}}, UnknownName, "unknown option of the wrapper zoneout 'q'"),
        ({"zoneout": {"p": {"C": 0.1}}}, UnknownName, "unknown member of the state 'C'; did you mean c"),
        ({"weight_drop": {"parameters": ["weight_h"]}}, UnknownName, "did you mean weight_ih or weight_hh"),
        ({"layer_norm": {"on": "outputs"}}, UnknownName, "did you mean output"),
        ({"zoneout": {"p": 1.5}}, ValueError, "p of 'h' is 1.5; expected a probability from 0 to 1"),
        ({"weight_drop": {"p": 1.0}}, ValueError, "p is 1.0; expected a probability from 0 to below 1"),
        ({"zoneout": 0.1}, TypeError, r"wrappers\['zoneout'\] is 0.1; expected its options"),
        (["zoneout"], TypeError, "expected options by name"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(wrappers, error, says):
    with pytest.raises(error, match=says):
        wrap(cell_of("lstm"), wrappers)
