"""Options of the LSTM's relatives: equal to their oracles, as many parameters as in the papers, and refusals."""

import importlib.util
from pathlib import Path

import pytest
import torch
from layers.lstm_cells import H, I, made, start
from tolerances import close

from rnnzoo.layers.cifg import CIFG
from rnnzoo.layers.elstm import ELSTM
from rnnzoo.layers.layer_norm_lstm import LayerNormLSTM
from rnnzoo.layers.lstm_1997 import OriginalLSTM
from rnnzoo.layers.mc_lstm import MCLSTM
from rnnzoo.layers.mogrifier_lstm import MogrifierLSTM
from rnnzoo.layers.multiplicative_lstm import MultiplicativeLSTM
from rnnzoo.layers.multiplicative_rnn import MultiplicativeRNN
from rnnzoo.layers.on_lstm import ONLSTM
from rnnzoo.layers.res_lstm import ResLSTM
from rnnzoo.layers.wmc_lstm import WMCLSTM
from rnnzoo.registry import UnknownName

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
OPTIONS = [
    ("lstm_1997", OriginalLSTM, {"squashing": "logistic"}),
    ("lstm_1997", OriginalLSTM, {"squashing": "tanh"}),
    ("cifg", CIFG, {"peepholes": True}),
    ("cifg", CIFG, {"peepholes": False}),
    ("multiplicative_rnn", MultiplicativeRNN, {}),
    ("multiplicative_rnn", MultiplicativeRNN, {"factors": H}),
    ("multiplicative_rnn", MultiplicativeRNN, {"factors": 2}),
    ("on_lstm", ONLSTM, {}),
    ("on_lstm", ONLSTM, {"chunk_size": 2}),
    ("on_lstm", ONLSTM, {"chunk_size": H}),
    *[("mogrifier_lstm", MogrifierLSTM, {"rounds": r, "rank": k}) for r in (0, 1, 2, 5) for k in (None, 1, 2)],
]
PLAIN = [
    ("wmc_lstm", WMCLSTM),
    ("mc_lstm", MCLSTM),
    ("res_lstm", ResLSTM),
    ("elstm", ELSTM),
    ("multiplicative_lstm", MultiplicativeLSTM),
    ("layer_norm_lstm", LayerNormLSTM),
]
WITHOUT = [{"bias": False}, {"recurrent_bias": False}]
CASES = [
    *OPTIONS,
    *[(n, k, w) for n, k in PLAIN for w in WITHOUT],
    *[(n, k, {**o, **w}) for n, k, o in OPTIONS for w in WITHOUT],
]


@pytest.mark.parametrize(("name", "kind", "options"), CASES, ids=str)
def test_every_option_equals_the_oracle_on_every_backend(name, kind, options):
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", ORACLES / f"{name}.py")
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    cell = made(kind, **options)
    x, state = start(cell)
    given = {key: value for key, value in options.items() if "bias" not in key}
    weights = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    y, final = oracle.oracle(x.numpy(), tuple(member.numpy() for member in state), weights, **given)
    for cell.backend in ("reference", "torch"):
        actual, end = cell(x, state)
        close(actual.detach(), torch.as_tensor(y), what="output")
        close(tuple(m.detach() for m in end), tuple(map(torch.as_tensor, final)), what="final state")


def test_parameters_are_the_papers():
    def count(cell):
        return sum(p.numel() for p in cell.parameters())

    W, U = I * H, H * H
    assert count(OriginalLSTM(I, H)) == 3 * (W + U + 2 * H)
    assert count(CIFG(I, H)) == 3 * (W + U + 2 * H) + 2 * H
    assert count(WMCLSTM(I, H)) == 4 * (W + U + 2 * H) + 3 * U
    assert count(MCLSTM(I, H)) == 5 * (W + U + 2 * H)
    assert count(ResLSTM(I, H)) == 4 * (W + U + 2 * H) + 3 * H + U + W
    assert count(ELSTM(I, H)) == 3 * (W + H) + 2 * H + U + H
    assert count(MultiplicativeLSTM(I, H)) == 5 * (W + U) + 8 * H
    assert count(MultiplicativeRNN(I, H, factors=7)) == 7 * (I + 2 * H) + W + 2 * H
    assert count(LayerNormLSTM(I, H)) == 4 * (W + U + 4 * H) + 2 * H
    assert count(ONLSTM(I, H, chunk_size=2)) == (4 + 1) * (W + U + 2 * H)
    assert count(MogrifierLSTM(I, H, rounds=5)) == 4 * (W + U + 2 * H) + 5 * W
    assert count(MogrifierLSTM(I, H, rounds=5, rank=1)) == 4 * (W + U + 2 * H) + 5 * (I + H)


def test_options_that_do_not_exist_are_named():
    with pytest.raises(UnknownName, match="unknown squashing 'logstic'; did you mean logistic"):
        OriginalLSTM(I, H, squashing="logstic")
    with pytest.raises(ValueError, match="rounds is -1; expected a whole number of at least 0"):
        MogrifierLSTM(I, H, rounds=-1)
    with pytest.raises(ValueError, match="rank is 0"):
        MogrifierLSTM(I, H, rank=0)
    with pytest.raises(ValueError, match="chunk_size is 3; expected a divisor of hidden_size = 4"):
        ONLSTM(I, H, chunk_size=3)
    with pytest.raises(ValueError, match="factors is 0"):
        MultiplicativeRNN(I, H, factors=0)


def test_printing_a_cell_shows_its_options():
    assert repr(OriginalLSTM(I, H, squashing="tanh")) == "OriginalLSTM(3, 4, squashing='tanh')"
    assert repr(CIFG(I, H, peepholes=False)) == "CIFG(3, 4, peepholes=False)"
    assert repr(MogrifierLSTM(I, H, rounds=2, rank=1)) == "MogrifierLSTM(3, 4, rounds=2, rank=1)"
    assert repr(ONLSTM(I, H, chunk_size=2)) == "ONLSTM(3, 4, chunk_size=2)"
    assert repr(MultiplicativeRNN(I, H, factors=2)) == "MultiplicativeRNN(3, 4, factors=2)"
