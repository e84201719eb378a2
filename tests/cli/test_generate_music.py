"""``rnnzoo generate`` of a model of music: a MIDI file, and no half-understood options."""

import argparse

import pytest

from rnnzoo import pretrained
from rnnzoo.commands import generate
from rnnzoo.commands.generate import NotWriting
from rnnzoo.data._piano_roll import PianoRollCodec
from rnnzoo.data.jsb_chorales import JSBChorales
from rnnzoo.midi import chords_of, read_midi, write_midi
from rnnzoo.tasks.polyphonic_music import PolyphonicMusic

CADENCE = [[48, 60, 64, 67], [53, 60, 65, 69], [55, 59, 62, 67]]


@pytest.fixture
def command(monkeypatch):
    model = PolyphonicMusic(JSBChorales.tiny().spec, hidden_size=8)
    model.codec = PianoRollCodec(1).state()
    monkeypatch.setattr(pretrained, "load_pretrained", lambda _: model)
    parser = argparse.ArgumentParser()
    generate.add_parser(parser.add_subparsers())

    def run(*words):
        options = parser.parse_args(["generate", "music", *words])
        return options.function(options)

    return run, model


def test_the_file_has_the_prompt_and_what_the_model_writes_behind_it(command, tmp_path, capsys):
    run, model = command
    prompt, out = write_midi(tmp_path / "in.mid", CADENCE), tmp_path / "out.mid"
    assert run("--prompt", str(prompt), "--length", "5", "--seed", "2", "--midi", str(out)) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert chords_of(read_midi(out)) == CADENCE + model.generate(CADENCE, 5, seed=2)


def test_music_without_a_file_and_options_of_texts_are_refused(command, tmp_path):
    run, _ = command
    with pytest.raises(NotWriting, match="writes music; say where to, with --midi"):
        run("--prompt", "")
    with pytest.raises(NotWriting, match="--top-k is for texts alone"):
        run("--prompt", "", "--top-k", "3", "--midi", str(tmp_path / "out.mid"))
