"""Each score is its formula, step by step; weights are a distribution over the source's own steps."""

import math

import pytest
import torch
from tolerances import close

from rnnzoo.modules.attention import ATTENTIONS, create_attention, masked_softmax
from rnnzoo.registry import UnknownName

B, T, M, WIDTH = 3, 5, 4, 6
LENGTHS = torch.tensor([5, 1, 3])
VARIANTS = [(name, {}) for name in ATTENTIONS] + [("cosine", {"learned_temperature": False})]


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def make(name, options, query_size=WIDTH, memory_size=WIDTH):
    """An attention whose every parameter is noise."""
    attention = create_attention(name, query_size, memory_size, heads=2, size=7, **options)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return attention


def literal_score(name, attention, s, h):
    """e of one query (Q,) and one state (D,), as the papers write it, in plain numbers."""
    dot = lambda a, b: sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))  # noqa: E731
    if name == "dot":
        return dot(s, h)
    if name == "scaled_dot":
        return dot(s, h) / math.sqrt(len(h))
    if name == "cosine":
        cosine = dot(s, h) / math.sqrt(dot(s, s)) / math.sqrt(dot(h, h))
        return cosine if attention.log_temperature is None else math.exp(attention.log_temperature) * cosine
    if name == "bilinear":
        return dot(s, attention.key_map.weight @ h)
    if name == "additive":
        inner = attention.query_map.weight @ s + attention.query_map.bias + attention.key_map.weight @ h
        return sum(v * math.tanh(x) for v, x in zip(attention.v.tolist(), inner.tolist(), strict=True))
    raise AssertionError(name)


def literal(name, attention, queries, memory, lengths):
    """What each query gets and its weights, row by row, target step by target step, source step by source step."""
    found, shown = torch.zeros(B, M, attention.output_size), torch.zeros(B, M, T)
    for b in range(B):
        for i in range(M):
            heads = []
            if name == "multi_head":
                q, size = attention.query_map.weight @ queries[b, i], WIDTH // 2
                for head in (slice(0, size), slice(size, None)):
                    keys = [(attention.key_map.weight @ memory[b, j])[head] for j in range(lengths[b])]
                    values = [(attention.value_map.weight @ memory[b, j])[head] for j in range(lengths[b])]
                    heads.append(([literal_score("scaled_dot", None, q[head], key) for key in keys], values))
            else:
                states = [memory[b, j] for j in range(lengths[b])]
                heads.append(([literal_score(name, attention, queries[b, i], h) for h in states], states))
            parts = []
            for scores, values in heads:
                total = sum(math.exp(e) for e in scores)
                for j, e in enumerate(scores):
                    shown[b, i, j] += math.exp(e) / total / len(heads)
                parts.append(sum(math.exp(e) / total * value for e, value in zip(scores, values, strict=True)))
            got = torch.cat(parts)
            found[b, i] = attention.output_map.weight @ got if name == "multi_head" else got
    return found, shown


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_score_is_its_formula(name, options):
    attention = make(name, options)
    queries, memory = torch.randn(B, M, WIDTH), torch.randn(B, T, WIDTH)
    with torch.no_grad():
        found = attention(queries, attention.prepare(memory, LENGTHS))
        close(found, literal(name, attention, queries, memory, LENGTHS.tolist()))


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_padding_changes_nothing_whatever_stands_there(name, options):
    attention = make(name, options)
    queries, memory = torch.randn(B, M, WIDTH), torch.randn(B, T, WIDTH)
    alone = [attention(queries[i : i + 1], attention.prepare(memory[i : i + 1, :n])) for i, n in enumerate(LENGTHS)]
    for i, n in enumerate(LENGTHS):
        memory[i, n:] = torch.nan
    found, weights = attention(queries, attention.prepare(memory, LENGTHS))
    close(found, torch.cat([one for one, _ in alone]))
    for i, n in enumerate(LENGTHS):
        close(weights[i, :, :n], alone[i][1][0])
        assert weights[i, :, n:].eq(0).all()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_the_order_of_the_source_only_orders_the_weights(name, options):
    attention = make(name, options)
    queries, memory, order = torch.randn(B, M, WIDTH), torch.randn(B, T, WIDTH), torch.randperm(T)
    found, weights = attention(queries, attention.prepare(memory))
    again, permuted = attention(queries, attention.prepare(memory[:, order]))
    close(again, found)
    close(permuted, weights[..., order])


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_weights_are_a_distribution_and_every_parameter_learns(name, options):
    attention = make(name, options)
    queries = torch.randn(B, M, WIDTH, requires_grad=True)
    found, weights = attention(queries, attention.prepare(torch.randn(B, T, WIDTH), LENGTHS))
    close(weights.sum(-1), torch.ones(B, M))
    assert weights.min() >= 0
    found.square().sum().backward()
    assert all(one.grad is not None and one.grad.any() for one in (queries, *attention.parameters()))


@pytest.mark.parametrize("steps", [2, 5, 40])
def test_the_plain_cosine_cannot_peak(steps):
    """As e is within -1 and 1, the largest weight is e^2 / (e^2 + T - 1): one state agrees, all others do not."""
    bound = math.e**2 / (math.e**2 + steps - 1)
    attention = make("cosine", {"learned_temperature": False})
    _, weights = attention(100 * torch.randn(20, 50, WIDTH), attention.prepare(100 * torch.randn(20, steps, WIDTH)))
    assert weights.max() <= bound
    query = torch.randn(1, 1, WIDTH)
    memory = torch.cat([query, -query.expand(1, steps - 1, WIDTH)], dim=1)
    _, weights = attention(query, attention.prepare(memory))
    close(weights.max(), torch.tensor(bound))
    sharp = create_attention("cosine", WIDTH, WIDTH)
    assert sharp(query, sharp.prepare(memory))[1].max() > 0.999


def test_the_softmax_is_in_float32_where_scores_are_in_half_precision():
    scores = torch.randn(2, 3, 50).to(torch.bfloat16)
    weights = masked_softmax(scores, None)
    assert weights.dtype == torch.float32
    assert (weights.sum(-1) - 1).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["dot", "scaled_dot", "cosine"])
def test_what_compares_directly_wants_the_same_width(name):
    with pytest.raises(ValueError, match="width 4 with states of width 6; expected the same width"):
        create_attention(name, 4, 6)


def test_a_wrong_name_or_number_of_heads_is_told():
    with pytest.raises(UnknownName, match="bilinear"):
        create_attention("bilinar", 4, 4)
    with pytest.raises(ValueError, match="3 heads for queries of width 4"):
        create_attention("multi_head", 4, 4, heads=3)


@pytest.mark.parametrize("name", ["bilinear", "additive", "multi_head"])
def test_widths_may_differ_where_the_score_has_a_matrix(name):
    attention = make(name, {}, query_size=4, memory_size=10)
    found, weights = attention(torch.randn(B, M, 4), attention.prepare(torch.randn(B, T, 10)))
    assert found.shape == (B, M, attention.output_size)
    assert weights.shape == (B, M, T)
