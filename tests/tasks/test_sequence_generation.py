"""A generator learns what to write for what, measures it as defined, and writes the same for the same seed."""

import itertools
import math

import pytest
import torch
from training import loader, quiet_trainer

from rnnzoo.data._emission import EmissionCodec, EmissionRows
from rnnzoo.data._segmenters import BEGIN, END, PAD, UNK, build_segmenter
from rnnzoo.data.names_by_language import NamesByLanguage
from rnnzoo.registry import TASKS
from rnnzoo.tasks.sequence_generation import METRICS, SequenceGenerator

TEXTS = ["aab", "bca", "cc", "abcab"]
SEGMENTER = build_segmenter("characters", TEXTS)
CODEC = EmissionCodec(["w", "x", "y", "z"], SEGMENTER.state())


def spec(**changes):
    base = {
        "kind": "emission", "input": "tokens", "input_size": 4, "output_size": len(SEGMENTER.vocabulary),
        "classes": CODEC.classes, "padding_id": None, "target_padding_id": PAD, "begin": BEGIN, "end": END,
        "unknown": UNK, "unit": "character", "streaming": False, "version": 1,
    }  # fmt: skip
    return {**base, **changes}


def generator(changes=None, **options):
    settings = {"hidden_size": 16, "embedding_size": 8, "condition_size": 8, "max_length": 12, **options}
    task = SequenceGenerator(spec(**(changes or {})), **settings)
    task.codec = CODEC.state()
    return task


def written(task, raw, **settings):
    return [one.text for one in task.predict(raw, **settings)]


@pytest.mark.parametrize(("layer", "injection"), [("gru", "first"), ("mingru", "every"), ("lstm", "initial")])
def test_it_learns_which_text_belongs_to_which_class(tmp_path, injection, layer):
    task = generator(injection=injection, layer=layer, learning_rate=0.02)
    quiet_trainer(tmp_path, max_epochs=100).fit(task, loader([CODEC.encode(CODEC.classes, TEXTS)]))
    assert written(task, CODEC.classes, temperature=0.0) == TEXTS


@pytest.mark.parametrize("injection", ["first", "every"])
def test_it_learns_which_text_belongs_to_which_vector(tmp_path, injection):
    task = generator({"input": "real", "input_size": 3}, injection=injection, learning_rate=0.02)
    vectors = torch.randn(4, 3)
    batch = EmissionRows(vectors, *lengths_of(TEXTS))[range(4)]
    quiet_trainer(tmp_path, max_epochs=100).fit(task, loader([batch]))
    assert [SEGMENTER.text(one.tokens) for one in task.eval().write(batch, temperature=0.0)] == TEXTS


def lengths_of(texts):
    ids = [SEGMENTER.ids(text) for text in texts]
    return torch.tensor([token for row in ids for token in row]), [len(row) for row in ids]


def test_the_metrics_are_those_of_their_definitions(tmp_path):
    task = generator(injection="every")
    batches = [CODEC.encode(["x", "y"], ["ab", "cccc"]), CODEC.encode(["z"], ["a"])]
    total = tokens = characters = 0.0
    for batch in batches:
        p = task.eval()(batch.source, batch.inputs).detach().double().log_softmax(-1)
        for row, length in enumerate(batch.lengths.tolist()):
            total -= sum(float(p[row, t, batch.targets[row, t]]) for t in range(length))
            tokens, characters = tokens + length, characters + length - 1
    (found,) = quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    expected = {
        "loss": total / tokens,
        "perplexity": math.exp(total / tokens),
        "nats_per_character": total / characters,
    }
    expected["bits_per_character"] = total / characters / math.log(2)
    assert found == pytest.approx({f"test/{name}": value for name, value in expected.items()}, rel=1e-5)
    assert task.results["test"]["bits_per_character"].n == characters == 7


def test_of_other_tokens_than_characters_nothing_is_told_per_character():
    assert [metric.name for metric in generator({"unit": "word"}).metric_specs] == ["loss", "perplexity"]


def test_the_same_seed_writes_the_same_whatever_the_batch_size_and_another_seed_does_not():
    task, raw = generator(), ["w", "x", "y", "z", "w", "w"]
    texts = written(task, raw, seed=3)
    assert texts == written(task, raw, seed=3, batch_size=2)
    assert texts != written(task, raw, seed=4)
    assert len({texts[0], *texts[4:]}) > 1, "the same class is to get several texts"


@torch.no_grad()
def test_the_log_probability_is_the_models_of_text_and_end():
    task = generator(max_length=6)
    for name in CODEC.classes:
        (found,) = task.predict([name], temperature=0.7, top_k=3)
        batch = CODEC.encode([name], [found.text])
        logits = task.eval()(batch.source, batch.inputs).index_fill(-1, task.never, -torch.inf)
        nats = torch.nn.functional.cross_entropy(logits[0], batch.targets[0], reduction="none")
        expected = -float(nats.sum() if found.ended else nats[:-1].sum())
        assert found.log_probability == pytest.approx(expected, rel=1e-4)


def likeliest(task, name):
    """The text of up to two tokens, or three that are cut, with the highest probability, by trying all."""
    letters = [token for token in range(len(SEGMENTER.vocabulary)) if token not in (PAD, BEGIN, UNK, END)]
    source, best = torch.tensor([CODEC.number[name]]), (-math.inf, [])
    for M in range(4):
        for tokens in itertools.product(letters, repeat=M):
            logits = task(source, torch.tensor([[BEGIN, *tokens]])).index_fill(-1, task.never, -torch.inf)
            p = logits[0].double().log_softmax(-1)
            path = [*tokens, END][:3]
            best = max(best, (float(sum(p[t, token] for t, token in enumerate(path))), list(tokens)))
    return best


@torch.no_grad()
def test_a_beam_of_one_is_no_temperature_and_a_wide_one_finds_the_likeliest_text_of_all():
    task = generator(max_length=3, embedding_std=2.0)
    for parameter in task.generator.parameters():
        parameter.mul_(3)
    task.eval()
    greedy = task.predict(CODEC.classes, temperature=0.0)
    assert [one.text for one in task.predict(CODEC.classes, beam=1)] == [one.text for one in greedy]
    for found, name in zip(task.predict(CODEC.classes, beam=64), CODEC.classes, strict=True):
        value, tokens = likeliest(task, name)
        assert found.text == SEGMENTER.text(tokens)
        assert found.log_probability == pytest.approx(value, rel=1e-4)
    with pytest.raises(ValueError, match="beam is -1"):
        task.predict(["w"], beam=-1)


def test_padding_begin_and_unknown_are_never_written():
    task = generator(max_length=40)
    with torch.no_grad():
        task.generator.head.bias[torch.tensor([PAD, BEGIN, UNK])] = 50.0
        task.generator.head.bias[END] = -50.0
    for settings in ({}, {"temperature": 0.0}, {"beam": 2}):
        (found,) = task.predict(["x"], **settings)
        assert len(found.text) == 40
        assert set(found.text) <= set("abc")
        assert not found.ended


def test_a_checkpoint_writes_what_the_model_wrote(tmp_path):
    data = NamesByLanguage.tiny()
    task = SequenceGenerator(data.spec, hidden_size=8, max_length=10)
    trainer = quiet_trainer(tmp_path, max_epochs=1)
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(tmp_path / "m.ckpt")
    loaded = SequenceGenerator.load_from_checkpoint(tmp_path / "m.ckpt")
    raw = ["Italian", "Russian"] * 3
    assert loaded.predict(raw, seed=1) == task.predict(raw, seed=1)


def test_a_spec_without_an_end_is_refused():
    with pytest.raises(ValueError, match="spec lacks end; expected the tokens that a text begins and ends with"):
        generator({"end": None})


def test_it_is_registered_with_the_metrics_it_measures():
    entry = TASKS.entry("sequence_generation")
    assert entry.target is SequenceGenerator
    assert (entry.accepts, entry.metrics) == (SequenceGenerator.accepts, METRICS)
