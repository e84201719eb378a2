"""Native code as an operator of compiled graphs: it is in them, once, and gives the same numbers."""

import pytest
import torch
from tolerances import close

import rnnzoo
from rnnzoo.ops._c_operator import gated_backward, gated_forward, kernel_key

CELLS = ["lem", "peephole_lstm", "mut1", "gru", "tau_gru", "scrn"]


class Graphs:
    """A compiler that changes nothing and keeps the names of the operators in what it was given."""

    def __init__(self):
        self.names = []

    def __call__(self, graph, _):
        self.names += [str(node.target) for node in graph.graph.nodes]
        return graph.forward


def ran(layer, call, x, lengths):
    y, final = call(x, lengths=lengths)
    final = final if isinstance(final, tuple) else (final,)
    score = y.sin().sum() + sum(member.square().sum() for member in final)
    return y, *final, *torch.autograd.grad(score, (x, *layer.parameters()))


@pytest.fixture(autouse=True)
def forgetful():
    torch.compiler.reset()
    torch.manual_seed(0)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 3])], ids=["whole", "ragged"])
def test_a_compiled_layer_calls_native_code_and_gives_the_same_numbers(name, lengths):
    layer = rnnzoo.create_layer(name, 3, 4, batch_first=True, dtype=torch.float64)
    x = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    close(ran(layer, compiled, x, lengths), ran(layer, layer, x, lengths))


@pytest.mark.parametrize(("backend", "calls"), [(None, 2), ("c", 2), ("reference", 0)])
def test_one_operator_a_layer_whatever_the_number_of_steps(backend, calls):
    layer = rnnzoo.LEM(3, 4, num_layers=2, batch_first=True, backend=backend)
    graphs = Graphs()
    compiled = torch.compile(layer, backend=graphs, fullgraph=True)
    for time in (6, 9):
        graphs.names.clear()
        torch.compiler.reset()
        with torch.no_grad():
            compiled(torch.randn(2, time, 3))
        assert graphs.names.count("rnnzoo.gated_forward.default") == calls
        assert (len(graphs.names) > 100) == (calls == 0)  # the loop, step by step


def test_one_compiled_graph_serves_sequences_of_any_length():
    layer = rnnzoo.LEM(3, 4, batch_first=True)
    graphs = Graphs()
    compiled = torch.compile(layer, backend=graphs, fullgraph=True, dynamic=True)
    for batch, time in ((2, 6), (3, 9), (5, 17)):
        x = torch.randn(batch, time, 3)
        with torch.no_grad():
            close(compiled(x), layer(x))
    assert graphs.names.count("rnnzoo.gated_forward.default") == 1


def test_under_autocast_too():
    layer = rnnzoo.LEM(3, 4, batch_first=True)
    x = torch.randn(2, 5, 3, requires_grad=True)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16):
        given, expected = compiled(x)[0], layer(x)[0]
    assert given.dtype == expected.dtype
    close(given, expected, dtype=torch.bfloat16)


@pytest.mark.parametrize("product", [True, False], ids=["product", "hoisted"])
def test_the_operators_say_the_truth_about_shapes_and_gradients(product):
    """As torch's own checks of an operator see it: schema, shapes while a graph is traced, registered derivative."""
    cell = rnnzoo.PeepholeLSTM(3, 4, dtype=torch.float64).cells[0]
    key = kernel_key(cell.structure(), "cpu", torch.float64)
    assert key.endswith(".so")

    def drawn(*shape):
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    x = [drawn(2, 5, 3), drawn(16, 3), drawn(16)] if product else [drawn(2, 5, 16)]
    weights = [tensor for tensor in cell.recurrent_weights()[0] if tensor is not None]
    present = [True, product, product, True, True, *[w is not None for w in cell.recurrent_weights()[0]]]
    present += [False] * len(cell.stages) + [True] * len(cell.vectors)
    given = [*x, drawn(2, 4), drawn(2, 4), *weights, *cell.vector_weights().values()]
    given = [tensor.detach().requires_grad_() for tensor in given]
    torch.library.opcheck(gated_forward, (key, torch.tensor([5, 2]), present, given))
    y, _, c, *extra = (tensor.detach() for tensor in gated_forward(key, None, present, given))
    wanted = [True] * len(given)
    plain = [tensor.detach() for tensor in given]
    torch.library.opcheck(gated_backward, (key, None, present, wanted, plain, [y, *extra], [y, None, c]))


def test_exported_programs_hold_no_native_code():
    """They run in other processes and on other machines."""
    layer = rnnzoo.LEM(3, 4, batch_first=True)
    program = torch.export.export(layer, (torch.randn(2, 5, 3),))
    assert not any("rnnzoo" in str(node.target) for node in program.graph.nodes)
