"""Bad arguments and inputs are refused by name, with what was given and what was expected."""

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

import rnnzoo
from rnnzoo.ops.backends import BackendError
from rnnzoo.recurrent.checks import InputError
from rnnzoo.registry import UnknownName

I, H, B, T = 3, 4, 2, 5
x = torch.randn(T, B, I)
h = torch.zeros(2, B, H)

CONSTRUCTION = [
    ({"input_size": 0}, ValueError, "input_size .* got: 0"),
    ({"hidden_size": 2.0}, TypeError, "hidden_size .* got: 2.0"),
    ({"num_layers": 0}, ValueError, "num_layers .* got: 0"),
    ({"bias": 1}, TypeError, "bias .* bool"),
    ({"batch_first": "yes"}, TypeError, "batch_first .* bool"),
    ({"dropout": 1.5}, ValueError, r"dropout .* \[0, 1\], got: 1.5"),
    ({"dropout": True}, ValueError, "dropout"),
    ({"proj_size": H}, ValueError, "proj_size .* hidden_size=4"),
    ({"proj_size": -1}, ValueError, "proj_size"),
    ({"backend": "nativ"}, UnknownName, "did you mean native"),
    ({"recurent_bias": False}, TypeError, "did you mean recurrent_bias"),
]


@pytest.mark.parametrize(("options", "error", "message"), CONSTRUCTION, ids=lambda v: str(v))
def test_construction_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        rnnzoo.LSTM(**{"input_size": I, "hidden_size": H, **options})


def test_a_capability_not_declared_is_named():
    with pytest.raises(ValueError, match=r"'gru' does not take proj_size: .* 'projection'.* a layer that does: lstm"):
        rnnzoo.GRU(I, H, proj_size=2)
    with pytest.raises(BackendError, match=r"'mingru' cannot run with backend='native'.*'reference' or 'torch'"):
        rnnzoo.MinGRU(I, H, backend="native")
    with pytest.raises(ValueError, match="bidirectional"):
        rnnzoo.GRU(I, H, bidirectional=True).step(torch.randn(B, I))


def test_unknown_names_have_near_misses():
    with pytest.raises(UnknownName, match=r"unknown layer 'lstn'; did you mean .*lstm"):
        rnnzoo.create_layer("lstn", I, H)
    with pytest.raises(AttributeError, match=r"no layer class 'LSTN'; did you mean .*LSTM"):
        _ = rnnzoo.LSTN
    with pytest.raises(AttributeError, match="did you mean create_layer"):
        _ = rnnzoo.create_layers
    with pytest.raises(TypeError, match="layer is 3; expected a registered name"):
        rnnzoo.Recurrent(3, I, H)


def test_missing_and_surplus_arguments_are_counted():
    with pytest.raises(TypeError, match="GRU needs hidden_size"):
        rnnzoo.GRU(I)
    with pytest.raises(TypeError, match="two values for argument 'hidden_size'"):
        rnnzoo.GRU(I, H, hidden_size=H)
    with pytest.raises(TypeError, match="positional arguments"):
        rnnzoo.GRU(*range(1, 20))


INPUTS = [
    ({"input": x[0, 0]}, ValueError, r"input has shape \(3,\); expected \(time, batch, input_size\)"),
    ({"input": x[None]}, RuntimeError, r"input has shape \(1, 5, 2, 3\)"),
    ({"input": x[..., :2]}, RuntimeError, r"input has shape \(5, 2, 2\); expected a last dimension of input_size=3"),
    ({"input": x.double()}, ValueError, r"input has dtype torch.float64; expected torch.float32"),
    ({"input": x.long()}, ValueError, r"input has dtype torch.int64"),
    ({"input": [[1.0]]}, TypeError, "input is a list; expected a torch.Tensor or a PackedSequence"),
    ({"input": x[:, :0]}, ValueError, "0 rows and 5 time steps"),
    ({"input": x[:0]}, ValueError, "2 rows and 0 time steps"),
    ({"input": x[:0, 0]}, ValueError, "1 rows and 0 time steps"),
    ({"hx": h}, ValueError, r"hx is one tensor of shape \(2, 2, 4\); expected a tuple of 2 tensors"),
    (
        {"hx": (h,)},
        ValueError,
        r"hx is 1 tensors; expected a tuple of 2 tensors of shapes \[\(2, 2, 4\), \(2, 2, 4\)\]",
    ),
    ({"hx": (h, h[:1])}, RuntimeError, r"hx\[1\] has shape \(1, 2, 4\); expected \(2, 2, 4\)"),
    ({"hx": (h, h.double())}, ValueError, r"hx\[1\] has dtype torch.float64; expected torch.float32"),
    ({"hx": (h, 3)}, TypeError, "hx is a tuple; expected a tuple of 2 tensors"),
    ({"input": x[:, 0], "hx": (h, h)}, RuntimeError, r"hx\[0\] has shape \(2, 2, 4\); expected \(2, 4\)"),
    ({"lengths": [3]}, ValueError, r"lengths have shape \(1,\); expected \(2,\)"),
    ({"lengths": [0, 3]}, ValueError, r"lengths\[0\] is 0; expected 1 to 5"),
    ({"lengths": [3, 6]}, ValueError, r"lengths\[1\] is 6; expected 1 to 5"),
    ({"lengths": [3.0, 5.0]}, TypeError, "whole numbers"),
    ({"lengths": torch.ones(2)}, TypeError, "lengths have dtype torch.float32"),
    ({"lengths": 3}, TypeError, "lengths is a int; expected a list"),
    ({"input": pack_sequence([x[:, 0]]), "lengths": [5]}, ValueError, "PackedSequence, which has its own"),
    ({"input": pack_sequence([x[:, 0, :2]])}, RuntimeError, "input_size=3"),
    ({"input": pack_sequence([x[:, 0]]), "hx": (h, h)}, RuntimeError, r"expected \(2, 1, 4\)"),
]


@pytest.mark.parametrize("backend", [None, "torch"])
@pytest.mark.parametrize(("arguments", "error", "message"), INPUTS, ids=[str(i) for i in range(len(INPUTS))])
def test_input_is_refused(arguments, error, message, backend):
    lstm = rnnzoo.LSTM(I, H, num_layers=2, backend=backend)
    with pytest.raises(error, match=message):
        lstm(**{"input": x, **arguments})


def test_step_refuses_a_sequence_and_a_wrong_state():
    gru = rnnzoo.GRU(I, H)
    with pytest.raises(InputError, match=r"x has shape \(5, 2, 3\); expected a tensor \(batch, 3\)"):
        gru.step(x)
    with pytest.raises(InputError, match=r"hx has shape \(1, 4\); expected \(1, 2, 4\)"):
        gru.step(x[0], torch.zeros(1, H))


def test_a_one_state_layer_takes_a_tensor():
    with pytest.raises(InputError, match=r"hx is 2 tensors; expected a tensor of shape \(1, 2, 4\)"):
        rnnzoo.GRU(I, H)(x, (h[:1], h[:1]))
