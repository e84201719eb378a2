"""What every registered dataset owes to tasks, in its tiny form."""

import json
import socket

import pytest
import torch

from rnnzoo.contracts import KINDS, ForecastBatch, PairBatch
from rnnzoo.data._batches import FILLER
from rnnzoo.registry import CODECS, DATA

SPLITS = ("train", "validation", "test")


@pytest.fixture(params=DATA.entries(), ids=lambda entry: entry.name)
def entry(request, monkeypatch, tmp_path):
    """Each dataset in turn, without a network, with neither data nor a cache."""

    def refuse(*_, **__):
        raise AssertionError("tiny() must not use the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.delenv("RNNZOO_DATA", raising=False)
    monkeypatch.setenv("RNNZOO_CACHE", str(tmp_path / "cache"))
    yield request.param
    assert not (tmp_path / "cache").exists(), "tiny() must not write to the cache"


def loaders(data):
    return {"train": data.train_dataloader(), "validation": data.val_dataloader(), "test": data.test_dataloader()}


WRITTEN = ("pair", "emission")
"""Kinds whose targets are a text that is written token by token."""


NUMBERS = ("value", "forecast")
"""Kinds whose targets are real numbers."""


def sequence_of(batch, kind):
    """What the model reads; of an emission for a class, which many rows have, what it writes."""
    if kind == "emission" and not batch.source.is_floating_point():
        return batch.targets
    return batch.source if isinstance(batch, PairBatch) else plain(batch).inputs


def plain(batch):
    """The batch with its words alone and its tags alone, where characters or intents come with them."""
    inputs = batch.inputs["words"] if isinstance(batch.inputs, dict) else batch.inputs
    return batch._replace(inputs=inputs, targets=getattr(batch.targets, "get", lambda _: batch.targets)("tags"))


def check_characters_and_intents(batch, spec):
    """What comes beside words and tags fits them, and comes if and only if the spec says so."""
    assert isinstance(batch.inputs, dict) == ("characters" in spec)
    assert isinstance(batch.targets, dict) == ("intents" in spec)
    if "characters" in spec:
        words, characters = batch.inputs["words"], batch.inputs["characters"]
        assert characters.shape[:2] == words.shape
        assert characters.dtype == torch.int64
        assert 0 <= characters.min() <= characters.max() < spec["characters"]
        assert torch.equal(characters.amax(2) == 0, words == spec["padding_id"])
        assert characters.flatten(0, 1).amax(0).gt(0).all(), "wider than the longest word"
    if "intents" in spec:
        assert batch.targets["intent"].shape == batch.lengths.shape
        assert 0 <= batch.targets["intent"].min() <= batch.targets["intent"].max() < len(spec["intents"])


def same(a, b):
    return all(
        same([x[key] for key in x], [y[key] for key in x]) if isinstance(x, dict) else torch.equal(x, y)
        for x, y in zip(a, b, strict=True)
    )


def one_label_a_sequence(batch, spec):
    assert batch.targets.shape == batch.weights.shape == batch.lengths.shape
    assert batch.weights.eq(1).all()


def numbers_a_sequence(batch, spec):
    assert batch.targets.is_floating_point()
    assert batch.targets.isfinite().all()
    assert batch.targets.shape == (len(batch.lengths), spec["output_size"])
    assert batch.weights.shape == batch.lengths.shape
    assert batch.weights.eq(1).all()


def a_shorter_sequence(batch, spec):
    """Targets without a blank (0) among them, and blanks behind."""
    assert batch.targets.dtype == torch.int64
    assert batch.targets.ndim == 2
    assert batch.weights.shape == batch.lengths.shape == batch.targets.shape[:1]
    assert batch.weights.eq(1).all()
    written = batch.targets > 0
    assert torch.equal(written, torch.arange(written.shape[1]) < written.sum(1, keepdim=True))
    assert (written.sum(1) <= batch.lengths).all()
    assert spec["labels"][0] == ""


def one_label_a_step(batch, spec):
    assert batch.targets.shape == batch.weights.shape == batch.inputs.shape[:2]
    outside = torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]
    assert batch.weights[outside].eq(0).all()
    assert batch.weights.sum(1).gt(0).all(), "a row without a target"


def a_sequence_a_sequence(batch, spec):
    assert batch.source.shape[:1] == batch.source_lengths.shape == batch.lengths.shape
    assert batch.source.min() >= 0
    assert batch.source.max() < spec["input_size"]
    assert 1 <= batch.source_lengths.min() <= batch.source_lengths.max() == batch.source.shape[1]
    a_text(batch, spec)


def a_sequence_an_input(batch, spec):
    rows = batch.lengths.shape
    assert batch.source_lengths.tolist() == [1] * rows[0]
    if spec["input"] == "tokens":
        assert batch.source.dtype == torch.int64
        assert batch.source.shape == rows
        assert 0 <= batch.source.min() <= batch.source.max() < spec["input_size"] == len(set(spec["classes"]))
    else:
        assert batch.source.is_floating_point()
        assert batch.source.shape == (*rows, spec["input_size"])
    a_text(batch, spec)


def a_text(batch, spec):
    """The targets begin with the begin token, end with the end token, and are read one step late."""
    assert batch.inputs.shape == batch.targets.shape == batch.weights.shape
    steps = torch.arange(batch.targets.shape[1])
    inside = steps < batch.lengths[:, None]
    assert torch.equal(batch.weights, inside.float())
    assert batch.inputs[:, 0].eq(spec["begin"]).all()
    assert torch.equal((batch.targets == spec["end"]), steps == batch.lengths[:, None] - 1)
    assert torch.equal(batch.inputs[:, 1:][inside[:, 1:]], batch.targets[:, :-1][inside[:, 1:]])


def the_frame_that_follows(batch, spec):
    assert batch.targets.shape == (*batch.inputs.shape[:2], spec["output_size"])
    inside = torch.arange(batch.inputs.shape[1]) < batch.lengths[:, None]
    assert torch.equal(batch.weights, inside.float())
    assert set(batch.targets.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(batch.inputs[:, 1:][inside[:, 1:]], batch.targets[:, :-1][inside[:, 1:]])


def the_inputs_one_step_on(batch, spec):
    assert batch.targets.shape == batch.weights.shape == batch.inputs.shape
    outside = torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]
    assert batch.weights[outside].eq(0).all()
    continued = batch.weights[:, 1:] > 0
    assert torch.equal(batch.targets[:, :-1][continued], batch.inputs[:, 1:][continued])


def the_steps_that_follow(batch, spec):
    assert isinstance(batch, ForecastBatch)
    B, L, M, F = len(batch.lengths), spec["look_back"], spec["horizon"], spec["output_size"]
    assert len(spec["channels"]) == len(set(spec["channels"])) == spec["input_size"] >= F
    assert spec["season"] >= 1
    assert batch.lengths.tolist() == [L] * B
    assert batch.targets.shape == batch.weights.shape == (B, M, F)
    assert batch.known.shape == (B, L + M, spec["known"])
    assert batch.static.shape == (B, spec["static"])
    assert batch.series.shape == batch.origins.shape == (B,)
    assert batch.location.shape == batch.scale.shape == (B, F)
    assert batch.origins.min() >= L
    assert batch.scale.min() > 0
    assert ((batch.weights == 0) | (batch.weights == 1)).all()
    assert all(each.isfinite().all() for each in batch)


TARGETS = {
    "forecast": the_steps_that_follow,
    "label": one_label_a_sequence,
    "value": numbers_a_sequence,
    "tags": one_label_a_step,
    "pair": a_sequence_a_sequence,
    "next_token": the_inputs_one_step_on,
    "emission": a_sequence_an_input,
    "transcript": a_shorter_sequence,
    "frames": the_frame_that_follows,
}


def test_spec_is_known_before_setup_is_primitive_and_true_of_every_batch(entry):
    data = entry.target.tiny()
    spec = data.spec
    assert spec["kind"] == entry.kind
    assert entry.kind in KINDS
    assert json.loads(json.dumps(spec)) == spec
    if entry.kind not in (*WRITTEN, "next_token", "forecast", "frames"):
        assert len(spec["labels"]) == spec["output_size"] == len(set(spec["labels"]))
    assert isinstance(data.data_version, str)
    data.setup()
    assert data.spec == spec
    for loader in loaders(data).values():
        for number, batch in enumerate(loader):
            check_characters_and_intents(batch, spec)
            batch = plain(batch)
            rows, steps = batch.inputs.shape[:2]
            if spec["input"] == "tokens" or entry.kind in WRITTEN:
                assert batch.inputs.dtype == torch.int64
                assert batch.inputs.ndim == 2
                assert batch.inputs.min() >= 0
                assert batch.inputs.max() < spec["output_size" if entry.kind in WRITTEN else "input_size"]
            else:
                assert batch.inputs.is_floating_point()
                assert batch.inputs.shape == (rows, steps, spec["input_size"])
                assert batch.inputs.isfinite().all()
            assert batch.lengths.shape == batch.starts.shape == (rows,)
            assert batch.lengths.min() >= 1
            assert batch.lengths.max() <= steps
            if entry.kind not in NUMBERS:
                assert batch.targets.min() >= 0
                assert batch.targets.max() < spec["output_size"]
            TARGETS[entry.kind](batch, spec)
            assert batch.starts.all() or (spec["streaming"] and not batch.starts.any())
            assert batch.starts.all() or number


def test_beyond_its_length_a_row_is_padding_and_no_padding_stands_within(entry):
    data = entry.target.tiny()
    padding = data.spec["padding_id"]
    for loader in loaders(data).values():
        for batch in map(plain, loader):
            if entry.kind == "pair":
                beyond = torch.arange(batch.source.shape[1]) >= batch.source_lengths[:, None]
                assert torch.equal(batch.source == padding, beyond)
            if entry.kind in WRITTEN:
                padding = data.spec["target_padding_id"]
            outside = torch.arange(batch.inputs.shape[1]) >= batch.lengths[:, None]
            if padding is not None:
                assert torch.equal(batch.inputs == padding, outside)
            else:
                assert batch.inputs[outside].eq(0).all()


def test_fillers_have_no_weight(entry):
    batch = entry.target.tiny().loader("train", batch_size=3).dataset[[0, FILLER, FILLER]]
    assert (batch.weights.flatten(1) if batch.weights.ndim > 1 else batch.weights[:, None]).amax(1).tolist() == [
        1,
        0,
        0,
    ]
    assert batch.lengths.min() >= 1


def test_the_same_seed_gives_the_same_batches(entry):
    for first, second in zip(
        entry.target.tiny().train_dataloader(), entry.target.tiny().train_dataloader(), strict=True
    ):
        assert same(first, second)


def test_evaluation_is_the_same_on_every_pass_and_in_every_epoch(entry):
    data = entry.target.tiny()
    for split in ("validation", "test"):
        first = list(loaders(data)[split])
        again = loaders(data)[split]
        again.sampler.set_epoch(7)
        for _ in range(2):
            for a, b in zip(first, again, strict=True):
                assert same(a, b)


@pytest.mark.parametrize("world", [2, 3])
def test_shards_lose_and_repeat_nothing(entry, world):
    data = entry.target.tiny()
    for split in SPLITS:
        for shuffle in (False,) if data.spec["streaming"] else (False, True):
            settings = {"batch_size": 3, "bucketing": True, "shuffle": shuffle, "num_replicas": world}
            shards = [data.loader(split, **settings, rank=rank) for rank in range(world)]
            parts = [list(shard.sampler) for shard in shards]
            assert len({len(part) for part in parts}) == 1
            dealt = [row for part in parts for batch in part for row in batch if row != FILLER]
            assert sorted(dealt) == list(range(len(shards[0].dataset)))


def test_no_row_is_in_two_splits(entry):
    if entry.licence == "generated":
        pytest.skip("drawn at random: rows may coincide")
    data = entry.target.tiny()
    rows = {}
    for split in SPLITS:
        part = data.loader(split, batch_size=1).dataset
        rows[split] = {str(sequence_of(part[[i]], entry.kind).tolist()) for i in range(len(part))}
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not rows[a] & rows[b]


def test_the_codec_is_rebuilt_from_primitives(entry):
    state = entry.target.tiny().codec_state()
    assert json.loads(json.dumps(state)) == state
    rest = dict(state)
    codec = CODECS.create(rest.pop("codec"), **rest)
    assert codec.state() == state
