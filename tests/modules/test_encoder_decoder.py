"""A decoder of any layer: all steps at once are one after another, and nothing is seen that should not be."""

import pytest
import torch
from tolerances import close

from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.encoder_decoder import EncoderDecoder
from rnnzoo.modules.layer_states import select_rows
from rnnzoo.registry import LAYERS, UnknownName

SOURCE = torch.tensor([[3, 8, 2, 5, 7], [4, 1, 0, 0, 0], [2, 6, 6, 1, 0]])
LENGTHS = torch.tensor([5, 2, 4])
TOKENS = torch.tensor([[0, 3, 5, 2], [0, 6, 4, 4], [0, 2, 2, 6]])
BEGIN, END = 0, 1
ATTENDING = {
    "behind": {"attention": "bilinear"},
    "behind, fed": {"attention": "cosine", "input_feeding": True},
    "before": {"attention": "additive", "attention_place": "input"},
    "before, fed": {"attention": "multi_head", "attention_place": "input", "input_feeding": True, "tied": True},
}
TOLD = {
    "transform": {"context": "transform", "context_size": 5},
    "every": {"injection": "every"},
    "both, all": {"injection": "both", "context": "transform_all", "context_pooling": "attention"},
    "random": {"injection": "every", "start": "random"},
}


@pytest.fixture(autouse=True)
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def make(layer="gru", encoder=None, bidirectional=False, num_layers=1, decoder=None, **told):
    read = Encoder(
        "tokens", 9, layer=encoder or layer, hidden_size=8, embedding_size=6, num_layers=num_layers,
        bidirectional=bidirectional, padding_id=0,
    )  # fmt: skip
    written = {"vocabulary": 7, "layer": layer, "hidden_size": 8, "embedding_size": 6, "num_layers": num_layers}
    return EncoderDecoder(read, decoder={**written, **(decoder or {})}, **told).eval()


def stepped(model, source=SOURCE, lengths=LENGTHS, tokens=TOKENS):
    state, memory = model.encode(source, lengths)
    found = []
    for token in tokens.unbind(dim=1):
        logits, state, weights = model.decoder.step(token, state, memory)
        found.append((logits, weights))
    weights = None if found[0][1] is None else torch.stack([one for _, one in found], dim=1)
    return torch.stack([logits for logits, _ in found], dim=1), weights


@pytest.mark.parametrize("layer", LAYERS.names())
def test_any_layer_decodes_step_by_step_what_it_decodes_at_once_and_is_told_of_the_source(layer):
    model = make(layer, encoder="gru")
    together, _ = model(SOURCE, LENGTHS, TOKENS)
    close(stepped(model)[0], together)
    together[0].square().sum().backward()
    assert model.encoder.embedding.map.weight.grad[SOURCE[0]].any()


@pytest.mark.parametrize("settings", ATTENDING.values(), ids=ATTENDING)
@pytest.mark.parametrize("told", [{}, *TOLD.values(), {"injection": "none"}], ids=["last", *TOLD, "none"])
def test_every_setting_decodes_step_by_step_what_it_decodes_at_once(settings, told):
    model = make("lstm", decoder=settings, **told)
    close(stepped(model), model(SOURCE, LENGTHS, TOKENS))


@pytest.mark.parametrize("settings", [{}, *ATTENDING.values()], ids=["none", *ATTENDING])
def test_every_parameter_learns(settings):
    model = make("lstm", encoder="gru", bidirectional=True, injection="both", context="transform", decoder={
        **settings, "hidden_size": 16})  # fmt: skip
    model(SOURCE, LENGTHS, TOKENS)[0].logsumexp(-1).square().sum().backward()
    still = [name for name, one in model.named_parameters() if one.grad is None or not one.grad.any()]
    assert not still


@pytest.mark.parametrize("settings", [{}, *ATTENDING.values()], ids=["none", *ATTENDING])
def test_no_step_sees_a_later_token_nor_the_sources_padding(settings):
    model = make(decoder=settings, injection="both")
    expected, _ = model(SOURCE, LENGTHS, TOKENS)
    later, padded = TOKENS.clone(), SOURCE.clone()
    later[:, 2:] = 5
    padded[1, 2:] = 8
    padded[2, 4] = 8
    found, _ = model(padded, LENGTHS, later)
    close(found[:, :2], expected[:, :2])
    assert not torch.allclose(found[:, 2:], expected[:, 2:])
    for row, length in enumerate(LENGTHS.tolist()):
        alone, _ = model(SOURCE[row : row + 1, :length], None, TOKENS[row : row + 1])
        close(alone[0], expected[row])


@pytest.mark.parametrize("settings", ATTENDING.values(), ids=ATTENDING)
def test_several_rows_of_a_source_share_its_memory(settings):
    model = make(decoder=settings, injection="both")
    state, memory = model.encode(SOURCE, LENGTHS)
    rows = torch.arange(3).repeat_interleave(2)
    tokens = torch.tensor([2, 5, 3, 3, 6, 4])
    logits, _, weights = model.decoder.step(tokens, select_rows(state, rows), memory)
    expected, _, wanted = model.decoder.step(tokens, select_rows(state, rows), select_rows(memory, rows))
    close((logits, weights), (expected, wanted))


@pytest.mark.parametrize("settings", [{}, *ATTENDING.values()], ids=["none", *ATTENDING])
def test_a_decoder_that_reads_what_it_writes_is_the_greedy_search(settings):
    model = make(decoder=settings)
    given = torch.zeros(TOKENS.shape, dtype=torch.bool)
    given[:, 0] = True
    logits, _ = model(SOURCE, LENGTHS, TOKENS, given)
    limits = torch.tensor([4, 4, 4])
    found = model.search(SOURCE, LENGTHS, begin=BEGIN, end=99, limits=limits)
    assert [one.tokens for (one,) in found] == logits.argmax(-1).tolist()
    close(model(SOURCE, LENGTHS, TOKENS, torch.ones_like(given))[0], model(SOURCE, LENGTHS, TOKENS)[0])


def test_attention_before_the_layers_is_bahdanaus_equations():
    model = make("gru", decoder=ATTENDING["before"])
    d = model.decoder
    features, _, hx = model.encoder.run(SOURCE, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        h, s = features[row, :length], hx[:, row : row + 1]
        asking = torch.tanh(d.first.weight @ h[-1] + d.first.bias)
        for i, token in enumerate(TOKENS[row]):
            inner = torch.tanh(d.attention.query_map(asking) + h @ d.attention.key_map.weight.T)
            c = (inner @ d.attention.v).softmax(0) @ h
            y, s = d.recurrent.step(torch.cat([d.embedding.map.weight[token], c])[None], s)
            asking = y[0]
            logits = d.head(torch.tanh(d.readout(torch.cat([c, y[0]]))))
            close(model(SOURCE, LENGTHS, TOKENS)[0][row, i], logits)


def test_feeding_is_luongs_equations():
    model = make("gru", decoder={"attention": "dot", "input_feeding": True})
    d = model.decoder
    features, _, hx = model.encoder.run(SOURCE, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        h, s, fed = features[row, :length], hx[:, row : row + 1], torch.zeros(8)
        for i, token in enumerate(TOKENS[row]):
            y, s = d.recurrent.step(torch.cat([d.embedding.map.weight[token], fed])[None], s)
            c = (h @ y[0]).softmax(0) @ h
            fed = torch.tanh(d.readout(torch.cat([c, y[0]])))
            close(model(SOURCE, LENGTHS, TOKENS)[0][row, i], d.head(fed))


@pytest.mark.parametrize("beam", [0, 3])
def test_what_is_never_to_be_written_is_not(beam):
    model = make()
    with torch.no_grad():
        model.decoder.head.bias[torch.tensor([BEGIN, 5])] = 100.0
    options = {"begin": BEGIN, "end": END, "limits": torch.tensor([6, 6, 6]), "beam": beam}
    found = model.search(SOURCE, LENGTHS, never=torch.tensor([BEGIN, 5]), **options)
    assert not {BEGIN, 5} & {token for best in found for one in best for token in one.tokens}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"injection": "every", "start": "context"}, "injection is 'every' and start is 'context'"),
        ({"injection": "initial", "start": "zeros"}, "injection is 'initial' and start is 'zeros'"),
        ({"injection": "none"}, "the decoder would know nothing of the source"),
        ({"injection": "every", "bridge": "project"}, "makes no initial state"),
        ({"injection": "none", "context": "transform", "decoder": {"attention": "dot"}}, "would go nowhere"),
        ({"decoder": {"input_feeding": True}}, "input_feeding is True and attention is 'none'"),
        ({"decoder": {"attention": "dot", "hidden_size": 5}}, "expected the same width"),
        ({"bidirectional": True, "bridge": "copy"}, "bridge is 'copy'"),
    ],
)
def test_settings_that_do_not_go_together_are_told(told, message):
    with pytest.raises(ValueError, match=message):
        make(**told)


def test_unknown_names_are_told():
    with pytest.raises(UnknownName, match="initial"):
        make(injection="initally")
    with pytest.raises(UnknownName, match="output"):
        make(decoder={"attention": "dot", "attention_place": "outputs"})
