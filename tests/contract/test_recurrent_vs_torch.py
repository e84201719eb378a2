"""rnnzoo.LSTM, GRU and RNN are torch's own: outputs, states and every gradient, over all options and input forms."""

import itertools

import pytest
import torch
from tolerances import close
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import rnnzoo

I, H, B, T = 3, 5, 4, 6
LENGTHS = {"packed-sorted": [6, 5, 3, 1], "packed-unsorted": [3, 6, 1, 5]}
MODULES = [
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
    ("GRU", {}),
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
]
GRID = list(itertools.product((1, 2), (True, False), (True, False), (True, False)))
FORMS = ["batched", "unbatched", *LENGTHS]


def pair(name, dtype=torch.float64, **options):
    """Our module and torch's, of the same weights."""
    theirs = getattr(nn, name)(I, H, dtype=dtype, **options)
    ours = getattr(rnnzoo, name)(I, H, dtype=dtype, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def inputs(form, module, with_hx, dtype=torch.float64):
    """Leaves that require gradients, and how to call a module with them."""
    rows = 1 if form == "unbatched" else B
    cells = module.num_layers * (2 if module.bidirectional else 1)
    x = torch.randn(rows, T, I, dtype=dtype, requires_grad=True)
    sizes = [module.proj_size or H] + ([H] if isinstance(module, nn.LSTM) else [])
    states = [torch.randn(cells, rows, size, dtype=dtype, requires_grad=True) for size in sizes] if with_hx else []

    def call(module):
        given = x if module.batch_first else x.transpose(0, 1)
        hx = tuple(states)
        if form == "unbatched":
            given, hx = x[0], tuple(state[:, 0] for state in states)
        elif form in LENGTHS:
            is_sorted = form == "packed-sorted"
            given = pack_padded_sequence(given, torch.tensor(LENGTHS[form]), module.batch_first, is_sorted)
        return module(given, (hx if len(hx) > 1 else hx[0]) if hx else None)

    return [x, *states], call


def differentiated(module, leaves, names, call):
    """The output, all results flat, and the gradients of a fixed random sum of them."""
    torch.manual_seed(5)
    y, final = call(module)
    results = (y.data if isinstance(y, PackedSequence) else y, *(final if isinstance(final, tuple) else (final,)))
    generator = torch.Generator().manual_seed(1)
    score = sum((r * torch.randn(r.shape, generator=generator, dtype=r.dtype)).sum() for r in results)
    return y, results, torch.autograd.grad(score, [*leaves, *(getattr(module, name) for name in names)])


def agree(ours, theirs, form, with_hx, dtype=torch.float64):
    leaves, call = inputs(form, theirs, with_hx, dtype)
    names = list(theirs.state_dict())
    y, results, grads = differentiated(ours, leaves, names, call)
    expected_y, expected, expected_grads = differentiated(theirs, leaves, names, call)
    assert type(y) is type(expected_y)
    if isinstance(y, PackedSequence):
        for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
            a, e = getattr(y, field), getattr(expected_y, field)
            assert (a is None) == (e is None)
            assert a is None or torch.equal(a, e)
    close(results, expected, what="outputs and states")
    for name, grad, wanted in zip(["x", "hx", "cx"][: len(leaves)] + names, grads, expected_grads, strict=True):
        close(grad, wanted, what=f"gradient of {name}")


@pytest.mark.parametrize("backend", [None, "native", "c", "torch", "reference"])
@pytest.mark.parametrize(("layers", "bias", "batch_first", "bidirectional"), GRID)
@pytest.mark.parametrize(("name", "options"), MODULES, ids=lambda value: str(value))
def test_equals_torch_over_the_grid(name, options, layers, bias, batch_first, bidirectional, backend):
    options = dict(options, num_layers=layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional)
    ours, theirs = pair(name, **options)
    ours.backend = backend
    for form, with_hx in itertools.product(FORMS, (True, False)):
        agree(ours, theirs, form, with_hx)
        by_torch = form in LENGTHS or (name == "LSTM" and not options.get("proj_size"))  # packed rows; a small LSTM
        assert ours.last_backend == (backend or ("native" if by_torch else "c"))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("backend", [None, "torch"])
@pytest.mark.parametrize(("name", "options"), MODULES, ids=lambda value: str(value))
def test_equals_torch_in_float32(name, options, backend):
    ours, theirs = pair(name, torch.float32, num_layers=2, bidirectional=True, **options)
    ours.backend = backend
    for form in FORMS:
        agree(ours, theirs, form, True, torch.float32)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "options"), MODULES, ids=lambda value: str(value))
def test_dropout_of_one_seed_is_torchs(name, options, form, training):
    ours, theirs = pair(name, num_layers=3, dropout=0.4, bidirectional=True, **options)
    agree(ours.train(training), theirs.train(training), form, True)


@pytest.mark.parametrize(("name", "options"), MODULES, ids=lambda value: str(value))
def test_state_dict_is_torchs_both_ways(name, options):
    ours, theirs = pair(name, num_layers=2, bidirectional=True, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert [[w.shape for w in layer] for layer in ours.all_weights] == [
        [w.shape for w in layer] for layer in theirs.all_weights
    ]
    wrapped, wrapped_theirs = nn.Sequential(ours, nn.Linear(2, 2)), nn.Sequential(theirs, nn.Linear(2, 2))
    assert list(wrapped.state_dict()) == list(wrapped_theirs.state_dict())
    wrapped.load_state_dict(wrapped_theirs.state_dict(), strict=True)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_initial_weights_of_one_seed_are_torchs(name):
    torch.manual_seed(3)
    theirs = getattr(nn, name)(I, H, 2, bidirectional=True)
    torch.manual_seed(3)
    ours = getattr(rnnzoo, name)(I, H, 2, bidirectional=True)
    close(tuple(ours.state_dict().values()), tuple(theirs.state_dict().values()))


def test_positional_arguments_are_torchs():
    assert rnnzoo.LSTM(I, H, 2, False, True, 0.5, True, 2).state_dict().keys() == (
        nn.LSTM(I, H, 2, False, True, 0.5, True, 2).state_dict().keys()
    )
    rnn = rnnzoo.RNN(I, H, 2, "relu", False, True)
    assert (rnn.nonlinearity, rnn.bias, rnn.batch_first) == ("relu", False, True)
    assert (rnnzoo.GRU(I, H, 2, False, True).bias, rnnzoo.GRU(I, H, 2, False, True).batch_first) == (False, True)


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bias": False, "dropout": 0.5}, {"batch_first": True}])
def test_looks_like_torchs(options):
    assert repr(rnnzoo.LSTM(I, H, **options)) == repr(nn.LSTM(I, H, **options))


def test_dropout_without_a_second_layer_warns_as_torch_does():
    with pytest.warns(UserWarning, match="num_layers greater than 1") as caught:
        rnnzoo.LSTM(I, H, dropout=0.5)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_wrong_input_raises_an_error_torchs_users_catch(name):
    ours, theirs = pair(name, num_layers=2)
    hx = torch.zeros(2, B, H)
    bad = [
        (torch.zeros(T, B, I, 1, dtype=torch.float64),),
        (torch.zeros(T, B, I + 1, dtype=torch.float64),),
        (torch.zeros(T, B, I),),
        (torch.zeros(T, B, I, dtype=torch.float64), (hx[:1], hx[:1]) if name == "LSTM" else hx[:1]),
        (torch.zeros(0, B, I, dtype=torch.float64),),
    ]
    for arguments in bad:
        with pytest.raises(Exception) as raised:  # noqa: PT011
            theirs(*arguments)
        with pytest.raises(raised.type):
            ours(*arguments)


def test_a_cell_with_one_bias_runs_as_one_with_a_zero_second():
    single, double = rnnzoo.GRU(I, H, 2, recurrent_bias=False), rnnzoo.GRU(I, H, 2)
    assert not double.load_state_dict(single.state_dict(), strict=False).unexpected_keys
    with torch.no_grad():
        double.bias_hh_l0.zero_()
        double.bias_hh_l1.zero_()
    x = torch.randn(T, B, I)
    for backend in ("native", "c"):
        single.backend = backend
        close(single(x), double(x))
        assert single.last_backend == backend
