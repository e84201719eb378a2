"""The input enters where it is said to, and stepping writes what a whole target is given."""

import pytest
import torch
from tolerances import close

from rnnzoo.modules.conditional_generator import INJECTIONS, ConditionalGenerator
from rnnzoo.registry import UnknownName

E, C = 5, 3


def generator(injection="first", layer="gru", input="tokens", **options):
    return ConditionalGenerator(
        input, 4, 7, layer=layer, injection=injection, condition_size=C, hidden_size=6, embedding_size=E, **options
    ).double()


def read(module, source, tokens):
    """What the layers read (B, M, E + C), with its graph."""
    seen = []
    handle = module.recurrent.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    module(source, tokens)
    handle.remove()
    return seen[0]


def reach(module, source, tokens):
    """Of each step's input, how much it depends on the condition's weight."""
    x = read(module, source, tokens)
    weight = module.condition.weight
    norms = []
    for step in x.unbind(1):
        (slope,) = torch.autograd.grad(step.square().sum(), weight, retain_graph=True, allow_unused=True)
        norms.append(0.0 if slope is None else float(slope.norm()))
    return norms


TOKENS = torch.randint(1, 7, (2, 4), generator=torch.Generator().manual_seed(1))
SOURCE = torch.tensor([3, 1])


def test_at_the_first_step_alone_the_input_is_read_and_zeros_behind_it():
    module = generator("first")
    told = read(module, SOURCE, TOKENS)[..., E:]
    assert torch.equal(told[:, 0], module.condition(SOURCE))
    assert told[:, 1:].eq(0).all()
    first, *later = reach(module, SOURCE, TOKENS)
    assert first > 0
    assert later == [0.0] * 3


def test_at_every_step_the_input_is_read():
    module = generator("every")
    told = read(module, SOURCE, TOKENS)[..., E:]
    assert all(torch.equal(step, module.condition(SOURCE)) for step in told.unbind(1))
    assert min(reach(module, SOURCE, TOKENS)) > 0


def test_as_the_initial_state_the_input_is_not_read_and_matters():
    module = generator("initial")
    assert read(module, SOURCE, TOKENS).shape == (2, 4, E)
    assert not torch.allclose(module(SOURCE, TOKENS), module(SOURCE.flip(0), TOKENS))


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize("layer", ["lstm", "mingru", "deltanet"])
def test_stepping_writes_what_a_whole_target_is_given(injection, layer):
    options = {"num_layers": 2, "tied": layer == "lstm"}
    if layer == "deltanet":
        options["layer_options"] = {"num_heads": 2}
    module = generator(injection, layer, **options).eval()
    whole = module(SOURCE, TOKENS)
    state, steps = module.begin(SOURCE), []
    for token in TOKENS.unbind(1):
        logits, state, _ = module.step(token, state)
        steps.append(logits)
    close(torch.stack(steps, 1), whole)


@pytest.mark.parametrize("injection", INJECTIONS)
def test_rows_do_not_depend_on_their_neighbours_or_padding(injection):
    module = generator(injection, "lstm").eval()
    together = module(SOURCE, TOKENS, torch.tensor([2, 4]))
    close(module(SOURCE[:1], TOKENS[:1, :2]), together[:1, :2])


@pytest.mark.parametrize("injection", INJECTIONS)
def test_every_parameter_gets_a_gradient(injection):
    module = generator(injection, "gru", input="real")
    module(torch.randn(2, 4).double(), TOKENS).square().sum().backward()
    assert [name for name, p in module.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


def test_what_cannot_be_is_refused():
    with pytest.raises(UnknownName, match="did you mean first"):
        generator("frist")
    with pytest.raises(ValueError, match="both directions"):
        generator(layer_options={"bidirectional": True})
    with pytest.raises(ValueError, match="classes go from 1 to 9; expected 0 to 3"):
        generator()(torch.tensor([1, 9]), TOKENS)
    with pytest.raises(TypeError, match=r"expected int64 classes \(B,\)"):
        generator()(torch.tensor([[1], [2]]), TOKENS)
    with pytest.raises(ValueError, match=r"expected floats \(B, 4\)"):
        generator(input="real")(torch.randn(2, 5), TOKENS)
