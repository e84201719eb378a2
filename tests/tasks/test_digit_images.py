"""Frames are labelled from what was seen before, and images named as a whole, by small networks on few pictures."""

import pytest
import torch
from training import loader, quiet_trainer

from rnnzoo.data._base import SPLITS
from rnnzoo.data.digit_frames import DigitFrames
from rnnzoo.data.digit_strip import NAMES, DigitStrip
from rnnzoo.tasks.sequence_generation import SequenceGenerator
from rnnzoo.tasks.sequence_tagging import SequenceTagger


@torch.no_grad()
@pytest.mark.parametrize(("layer", "remembers"), [("none", False), ("gru", True), ("mamba", True)])
def test_a_hidden_frame_is_told_by_what_was_before_it_if_and_only_if_there_is_recurrence(layer, remembers):
    """All hidden frames are black: what sees one alone has one answer for them all, whatever they hide."""
    batch = DigitFrames.tiny().splits["train"][range(24)]
    hidden = (batch.weights > 0) & (batch.inputs.sum(2) == 0)
    torch.manual_seed(0)
    task = SequenceTagger(
        DigitFrames.tiny().spec, layer=layer, embedding="cnn", embedding_size=16, hidden_size=16
    ).eval()
    scores = task(batch.inputs, batch.lengths)[hidden]  # (N, V)
    assert len(scores) > 20
    apart = (scores - scores[:1]).abs().amax(dim=1)
    assert bool((apart > 1e-9).any()) == remembers


def generator(data, **options):
    torch.manual_seed(0)
    task = SequenceGenerator(data.spec, condition="cnn", max_length=5, hidden_size=32, **options)
    task.codec = data.codec_state()
    return task


@pytest.mark.parametrize("injection", ["first", "every", "initial"])
def test_exact_matches_are_the_texts_that_greedy_writing_gets_right(tmp_path, injection):
    data = DigitStrip(shortest=1, longest=2, margin=0, training=60, validation=9, test=60, batch_size=30, fresh=False)
    data._limit = 30
    task = generator(data, injection=injection, learning_rate=0.01)
    quiet_trainer(tmp_path, max_epochs=20).fit(task, data.train_dataloader())
    expected = 0
    batches = [data.splits[split][range(60)] for split in ("train", "test")]
    for batch in batches:
        written = task.eval().write(batch, temperature=0.0)
        targets = [ids[:length] for ids, length in zip(batch.targets.tolist(), batch.lengths.tolist(), strict=True)]
        found = [[*one.tokens, data.spec["end"]] if one.ended else one.tokens for one in written]
        expected += sum(a == b for a, b in zip(found, targets, strict=True))
    quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    assert 0 < expected < 120, "some right and some wrong, else this tells nothing"
    assert task.results["test"]["exact_match"] == (pytest.approx(expected / 120), 120)


def test_an_image_is_answered_in_words():
    data = DigitStrip.tiny()
    (answer,) = generator(data).predict([data.images["test"].pixels[0].repeat(2, axis=0)[:10]], temperature=0.0)
    assert set(answer.text.split()) <= set(NAMES)


def test_exact_matches_are_told_of_images_alone():
    metrics = {metric.name for metric in generator(DigitStrip.tiny()).metric_specs}
    assert "exact_match" in metrics
    assert set(SPLITS) == set(DigitStrip.tiny().splits)
    spec = {**DigitStrip.tiny().spec}
    del spec["image"]
    assert "exact_match" not in {metric.name for metric in SequenceGenerator(spec).metric_specs}
