"""A CTC model writes down what was said, says when, is measured as defined, and hears the same while it is spoken."""

import functools

import numpy as np
import pytest
import torch
from tolerances import close
from training import loader, quiet_trainer
from wav_files import tone, wav

from rnnzoo.callbacks._confusion import ConfusionCounts
from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._fsdd_files import split_digits, tones
from rnnzoo.data.fsdd_strings import FsddStrings
from rnnzoo.data.wav_folder import WavFolder
from rnnzoo.registry import UnknownName
from rnnzoo.tasks._label_errors import LabelErrorRate, edit_distance
from rnnzoo.tasks._raw import create_codec
from rnnzoo.tasks.ctc import ConnectionistTemporalClassifier

DATA = FsddStrings.tiny()


def model(data=DATA, **options):
    """A model that says many different labels, though it has learned none."""
    task = ConnectionistTemporalClassifier(data.spec, **{"hidden_size": 12, "embedding": "none", **options})
    task.codec = data.codec_state()
    with torch.no_grad():
        for weights in task.encoder.parameters():
            weights.mul_(2)
        frames = create_codec({**task.codec, "normalization": "none"}).encode([(sound(1.5), 8000)]).inputs
        features, _ = task.eval().encoder(task.stacking((frames - frames.mean()) / frames.std())[0])
        scores = features @ task.head.weight.T
        task.head.weight.div_(0.1 * scores.std(dim=1).T)  # each label is sometimes the likeliest
        task.head.bias.copy_(-10 * scores.mean(dim=1)[0] / scores.std(dim=1)[0])
    return task


def sound(seconds, rate=8000, seed=0):
    random = np.random.RandomState(seed)
    parts = [tone(random.uniform(300, 3500), 0.06, rate, 0.4) for _ in range(round(seconds / 0.06))]
    return (np.concatenate(parts) + 0.01 * random.standard_normal(sum(map(len, parts)))).astype(np.float32)


@functools.cache
def distance(a, b):
    """The edit distance by its recursive definition."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


def test_the_edit_distance_is_that_of_its_definition():
    random = np.random.RandomState(0)
    for _ in range(60):
        a, b = (random.randint(1, 4, size=random.randint(0, 7)).tolist() for _ in range(2))
        assert edit_distance(a, b) == edit_distance(b, a) == distance(tuple(a), tuple(b))


def test_it_learns_to_write_down_strings_of_tones_that_it_has_not_heard(tmp_path):
    data = FsddStrings.tiny()
    data.strings = {"train": 64, "validation": 8, "test": 16}
    data._given = data._joined(split_digits(tones((0, 5, 10, 11)), "official", "theo"))
    task = ConnectionistTemporalClassifier(
        data.spec, layer="gru", hidden_size=32, embedding="none", learning_rate=0.02, schedule="one_cycle"
    )
    trainer = quiet_trainer(tmp_path, max_epochs=15, gradient_clip_val=1.0)
    trainer.fit(task, datamodule=data)
    trainer.test(task, datamodule=data, verbose=False)
    assert task.results["test"]["label_error_rate"].value < 0.1
    labels = int((data.splits["test"].targets > 0).sum())
    assert task.results["test"]["label_error_rate"].n == labels


@pytest.mark.parametrize("evaluate_by", ["greedy", "beam"])
def test_the_metrics_are_those_of_their_definitions(tmp_path, evaluate_by):
    task = model(evaluate_by=evaluate_by, beam=4)
    batches = list(DATA.test_dataloader())
    batches[0] = batches[0]._replace(weights=torch.tensor([1.0, 0.0, 1.0, 1.0]))
    batches[1].targets[0] = torch.tensor([*task.find(task.outputs_of(batches[1]), batches[1])[0][:3], 0, 0, 0, 0])[:4]
    errors = labels = exact = rows = loss = 0.0
    for batch in batches:
        losses = task.losses(task.outputs_of(batch), batch).tolist()
        for row, found in enumerate(task.find(task.outputs_of(batch), batch)):
            if batch.weights[row]:
                expected = tuple(batch.targets[row][batch.targets[row] > 0].tolist())
                errors, labels = errors + distance(tuple(found), expected), labels + len(expected)
                exact, rows, loss = exact + (tuple(found) == expected), rows + 1, loss + losses[row]
    (measured,) = quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    expected = {"label_error_rate": errors / labels, "exact_match": exact / rows, "loss": loss / rows}
    assert measured == pytest.approx({f"test/{name}": value for name, value in expected.items()}, rel=1e-5)


def test_a_rate_over_no_label_is_refused_and_more_errors_than_labels_are_above_one():
    rate = LabelErrorRate()
    with pytest.raises(ValueError, match="no label"), pytest.warns(UserWarning, match="before the ``update``"):
        rate.compute()
    rate.update(3, 2)
    rate.update(0, 0)
    assert float(rate.compute()) == 1.5


@pytest.mark.parametrize(("stack", "stride"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("layer", ["gru", "mingru", "none"])
def test_padding_and_neighbours_change_nothing(layer, stack, stride):
    task = model(layer=layer, stack=stack, stride=stride).double()
    batch = next(iter(DATA.train_dataloader()))
    inputs = batch.inputs.double()
    together = task(inputs, batch.lengths)
    outside = torch.arange(inputs.shape[1]) >= batch.lengths[:, None]
    noisy = task(inputs.masked_fill(outside[..., None], 3.0), batch.lengths)
    for row, length in enumerate(batch.lengths.tolist()):
        steps = -(-length // stride)
        close(together[row, :steps], task(inputs[row : row + 1, :length])[0])
        close(noisy[row, :steps], together[row, :steps])
    close(together.exp().sum(-1), torch.ones(together.shape[:2], dtype=torch.float64))


@pytest.mark.parametrize(
    ("options", "rate"),
    [
        ({"layer": "gru", "num_layers": 2}, 11025),
        ({"layer": "mingru", "stack": 3, "stride": 2}, 8000),
        ({"layer": "none", "stack": 2}, 8000),
        ({"layer": "lstm", "stack": 4, "input_dropout": 0.5, "num_layers": 2, "embedding": "learned"}, 8000),
        ({"layer": "deltanet", "layer_options": {"num_heads": 2}}, 8000),
    ],
)
def test_what_is_heard_chunk_by_chunk_is_what_the_whole_says(options, rate):
    task, whole = model(**options), sound(1.5, rate)
    (answer,) = task.predict([(whole, rate)], beam=0)
    assert len(answer.symbols) > 3
    for size in (1, 333, 4000):
        chunks = [whole[i : i + size] for i in range(0, len(whole), size)]
        chunks[300:] = [np.concatenate(chunks[300:])] if chunks[300:] else []
        assert list(task.listen(iter(chunks), rate)) == answer.symbols


def test_a_symbol_is_told_before_the_rest_is_spoken():
    task, whole = model(layer="gru"), sound(1.5)
    given = []

    def speak():
        for i in range(0, len(whole), 400):
            given.append(i)
            yield whole[i : i + 400]

    first = next(task.listen(speak()))
    assert given[-1] <= (first.frame * 0.02 + 0.025) * 8000
    assert given[-1] < len(whole) - 4000


def test_what_needs_the_whole_sound_cannot_listen():
    with pytest.raises(ValueError, match="bidirectional=True reads a sound from its end too"):
        model(bidirectional=True).listen([])
    data = FsddStrings.tiny()
    data.normalization = "utterance"
    with pytest.raises(ValueError, match="'corpus' or 'none'"):
        model(data).listen([])
    with pytest.raises(ValueError, match="before a sample came"):
        list(model().listen([]))


def test_a_path_is_answered_with_text_and_times(tmp_path):
    task = model(stack=2)
    (tmp_path / "a.wav").write_bytes(wav(np.round(sound(1.0) * 20000)))
    for beam in (0, 5):
        (answer,) = task.predict([str(tmp_path / "a.wav")], beam=beam)
        assert answer.text == "".join(one.symbol for one in answer.symbols)
        frames = [one.frame for one in answer.symbols]
        assert frames == sorted(set(frames))
        assert all(frame % 2 == 0 for frame in frames)
        assert [one.seconds for one in answer.symbols] == pytest.approx([0.02 * frame for frame in frames])
        assert answer.line("a.wav").startswith(f"{answer.text}\t{answer.symbols[0].symbol}@")
        assert answer.line("a.wav").endswith("\ta.wav")


def test_an_answer_s_probability_is_that_of_all_its_paths_and_a_search_finds_no_worse_one():
    task, raw = model(), [(sound(0.8, seed=seed), 8000) for seed in range(3)]
    greedy, searched = (task.predict(raw, beam=beam) for beam in (0, 30))
    labels = task.symbols
    for item, one, other in zip(raw, greedy, searched, strict=True):
        batch = create_codec(task.codec).encode([item])
        target = torch.tensor([[labels.index(symbol) for symbol in one.text]])
        loss = task.losses(task(batch.inputs), batch._replace(targets=target)).detach()
        assert one.log_probability == pytest.approx(-float(loss), rel=1e-4)
        assert other.log_probability >= one.log_probability - 1e-4


def test_words_stand_with_blanks_between():
    data = WavFolder.tiny()
    task = model(data)
    task.spec["unit"] = "word"
    (answer,) = task.predict([(sound(0.6), 8000)])
    assert answer.text.split(" ") == [one.symbol for one in answer.symbols]


def test_a_row_too_short_for_its_transcript_stops_the_training_and_says_what_to_do(tmp_path):
    batch = SequenceBatch(torch.randn(2, 9, 8), torch.tensor([9, 4]), torch.tensor([[1, 2, 0], [3, 3, 4]]),
                          torch.ones(2), torch.ones(2, dtype=torch.bool))  # fmt: skip
    quiet_trainer(tmp_path, max_epochs=1).fit(model().train(), loader([batch]))
    with pytest.raises(ValueError, match=r"row 1 .* 2 steps and a transcript of 3 labels.*stride"):
        quiet_trainer(tmp_path, max_epochs=1).fit(model(stack=2).train(), loader([batch]))


def test_settings_that_do_not_go_together_say_so():
    with pytest.raises(UnknownName, match="greedy"):
        model(evaluate_by="gredy")
    with pytest.raises(ValueError, match="beam is 0"):
        model(beam=0)
    with pytest.raises(ValueError, match="only channels are joined"):
        ConnectionistTemporalClassifier({**DATA.spec, "input": "tokens"}, stack=2)


def test_its_picture_shows_the_first_row():
    pictures = model(stack=2).pictures(next(iter(DATA.test_dataloader())))
    assert list(pictures) == ["posteriors"]
    assert len(pictures["posteriors"].axes) == 2


def test_steps_are_not_counted_as_answers_to_the_labels_of_a_transcript():
    task, batch = model(), next(iter(DATA.test_dataloader()))
    outputs = task(batch.inputs, batch.lengths)[:, : batch.targets.shape[1]]  # as many steps as labels
    counts = ConfusionCounts(task)
    counts.add(outputs, batch)
    assert counts.counts() is None
