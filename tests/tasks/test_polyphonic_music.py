"""A model of music counts as the papers do, and writes what reading its own music again would give."""

import math
from unittest.mock import patch

import numpy as np
import pytest
import torch
from tolerances import close
from training import loader, quiet_trainer

from rnnzoo.data._frame_rows import FrameRows
from rnnzoo.data._keys import KEYS
from rnnzoo.data._piano_roll import PianoRollCodec, to_roll
from rnnzoo.midi import chords_of, read_midi
from rnnzoo.registry import UnknownName
from rnnzoo.tasks._composing import Composition, read_piece
from rnnzoo.tasks.polyphonic_music import PolyphonicMusic

CADENCE = [[48, 60, 64, 67], [53, 60, 65, 69], [55, 59, 62, 67], [48, 60, 64, 67]]
ASCENT = [[60 + step] for step in range(7)]


def spec(**changes):
    base = {"kind": "frames", "input": "real", "input_size": 88, "output_size": 88, "padding_id": None}
    return {**base, "streaming": False, "version": 1, **changes}


def model(codec=None, **options):
    codec = codec or PianoRollCodec(1)
    torch.manual_seed(0)
    task = PolyphonicMusic(spec(**({"classes": KEYS} if codec.keyed else {})), **{"hidden_size": 16, **options})
    task.codec = codec.state()
    return task


def rows_of(pieces, classes=None):
    return FrameRows(np.concatenate([to_roll(piece, "x") for piece in pieces]), [len(p) for p in pieces], classes)


def measured(task, batches, folder):
    quiet_trainer(folder).test(task, loader(batches), verbose=False)
    return {name: measured.value for name, measured in task.results["test"].items()}


def constant(task, p):
    """The same p for every key of every frame."""
    torch.nn.init.zeros_(task.head.weight)
    torch.nn.init.constant_(task.head.bias, math.log(p / (1 - p)))
    return task


def test_the_nll_of_a_constant_is_that_of_its_closed_form(tmp_path):
    """n of 88 keys down cost -n ln p - (88 - n) ln(1 - p); the mean is over frames, or over each piece's first."""
    p = 0.05

    def cost(n):
        return -n * math.log(p) - (88 - n) * math.log(1 - p)

    batch = rows_of([CADENCE, ASCENT])[[0, 1, -1]]
    found = measured(constant(model(), p), [batch], tmp_path)
    assert found["nll"] == pytest.approx((3 * cost(4) + 6 * cost(1)) / 9, rel=1e-5)
    assert found["nll_by_piece"] == pytest.approx((cost(4) + cost(1)) / 2, rel=1e-5)
    assert found["accuracy"] == 0


def test_nobodys_knowledge_costs_88_bits(tmp_path):
    found = measured(constant(model(), 0.5), [rows_of([CADENCE])[[0]]], tmp_path)
    assert found["nll"] == pytest.approx(88 * math.log(2), rel=1e-5)


def test_accuracy_is_of_all_notes_right_wrong_and_missed_together(tmp_path):
    task = constant(model(), 0.01)
    with torch.no_grad():
        task.head.bias[[60 - 21, 64 - 21, 21 - 21]] = 5.0  # C, E and a low A are foreseen in every frame
    # F: 1 of {60, 64, 21, 53, 65, 69}; G: none of 7; C: 2 of {60, 64, 21, 48, 67}
    assert measured(task, [rows_of([CADENCE])[[0]]], tmp_path)["accuracy"] == pytest.approx(3 / 18, rel=1e-6)


@pytest.mark.parametrize(("layer", "injection"), [("lstm", "every"), ("mingru", "first"), ("deltanet", "every")])
@pytest.mark.parametrize("keyed", [False, True])
def test_what_is_written_with_a_carried_state_is_what_reading_it_all_again_gives(layer, injection, keyed):
    codec = PianoRollCodec(1, first_frame=keyed, keyed=keyed)
    options = {"layer_options": {"num_heads": 1}} if layer == "deltanet" else {}
    task = model(codec, layer=layer, injection=injection, num_layers=2, dropout=0.5, **options).double()
    key = "G minor" if keyed else None
    _, logits, state, told = read_piece(task, CADENCE, key)
    composition = Composition(task, logits, state, told, seed=3)
    seen, written = [composition.logits], []
    for _ in range(12):
        written.append(codec.chord(next(composition)[0]))
        seen.append(composition.logits)
    for steps in (0, 1, 5, 12):
        close(read_piece(task, CADENCE + written[:steps], key)[1], seen[steps])
    assert written == task.generate(CADENCE, 12, key=key, seed=3) != task.generate(CADENCE, 12, key=key, seed=4)
    assert task.training


def test_a_state_and_one_step_a_frame_are_all_that_writing_takes():
    task = model()
    lengths = []

    def counted(x, state):
        lengths.append(x.shape)
        return step(x, state)

    step = task.encoder.step
    with patch.object(task.encoder, "step", counted):
        task.generate(CADENCE, 30)
    assert lengths == [(1, 88)] * 30


def test_temperature_sharpens_and_at_zero_keys_likelier_than_not_are_down():
    task = constant(model(), 0.2)
    counts = [sum(map(len, task.generate(CADENCE, 200, temperature=t))) / (200 * 88) for t in (0.5, 1.0, 2.0)]
    for found, t in zip(counts, (0.5, 1.0, 2.0), strict=True):
        expected = 1 / (1 + math.exp(math.log(4) / t))  # sigmoid(logit / t)
        assert found == pytest.approx(expected, abs=4 * math.sqrt(expected / (200 * 88)))
    assert task.generate(CADENCE, 2, temperature=0) == [[], []]


def test_it_learns_another_piece_for_each_key_from_nothing_but_the_key(tmp_path):
    codec = PianoRollCodec(1, first_frame=True, keyed=True)
    silence = [[]]
    batch = rows_of([silence + CADENCE, silence + ASCENT], [KEYS.index("C major"), KEYS.index("A minor")])[[0, 1]]
    task = model(codec, injection="first", hidden_size=32, learning_rate=0.03)
    quiet_trainer(tmp_path, max_epochs=150).fit(task, loader([batch]))
    assert task.generate([], 4, key="C major", temperature=0) == CADENCE
    assert task.generate([], 7, key="A minor", temperature=0) == ASCENT


def test_a_saved_midi_file_has_the_prompt_and_what_was_written(tmp_path):
    task = model(PianoRollCodec(2))
    path = task.save_midi(tmp_path / "out.mid", CADENCE, 10, seed=1, tempo=60)
    music = read_midi(path)
    assert chords_of(music, 2) == CADENCE + task.generate(CADENCE, 10, seed=1)
    assert music.tempo == 60


def test_an_answer_says_what_may_follow_and_what_the_piece_cost():
    task = constant(model(), 0.05)
    with torch.no_grad():
        task.head.bias[[60 - 21, 67 - 21]] = torch.tensor([3.0, 2.0])
    whole, single = task.predict([CADENCE, CADENCE[:1]])
    assert (whole.chord, whole.names) == ([60, 67], "C4 G4")
    assert list(whole.probabilities)[:2] == ["C4", "G4"]
    assert whole.probabilities["C4"] == pytest.approx(1 / (1 + math.exp(-3)), rel=1e-5)
    assert whole.nll == pytest.approx(task.losses(*outputs(task, CADENCE)).mean().item(), rel=1e-5)
    assert single.nll is None
    assert "C4 G4" in whole.line(CADENCE)


def outputs(task, piece):
    batch = rows_of([piece])[[0]]
    return task(batch.inputs, batch.lengths), batch


def test_a_picture_shows_the_piece_and_its_continuation():
    figure = model().pictures(rows_of([CADENCE * 3, ASCENT])[[0, 1]])["piano_roll"]
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["the piece", "written on behind the line"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: model(layer="transformer", layer_options={"bidirectional": True}), "reads a sequence from its end"),
        (lambda: model(injection="both"), "unknown injection"),
        (lambda: PolyphonicMusic(spec(output_size=12)), "expected frames in and the same frames out"),
        (lambda: PolyphonicMusic(spec(kind="tags")), "kind 'tags'"),
        (lambda: model().generate(CADENCE, 0), "steps is 0"),
        (lambda: model().generate(CADENCE, 1, temperature=-1), "temperature is -1"),
        (lambda: model().generate(CADENCE, 1, key="C major"), "knows no keys"),
        (lambda: model().generate([], 1), "is empty"),
        (lambda: model(PianoRollCodec(1, True, True)).generate([], 1), "is empty; expected at least one chord and"),
        (lambda: model(PianoRollCodec(1, True, True)).generate([], 1, key="C dur"), "unknown key"),
        (lambda: model()({"frames": torch.zeros(1, 2, 88), "class": torch.zeros(1).long()}), "built for 0 classes"),
        (lambda: model(PianoRollCodec(1, keyed=True))(torch.zeros(1, 2, 88)), "frames alone"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises((ValueError, UnknownName), match=message):
        call()
