"""The task's losses and metrics are what they are called, and what it writes is its searches'."""

import pytest
import sacrebleu
import torch
from lightning.pytorch import seed_everything
from torch.nn import functional as F
from training import loader, quiet_trainer

from rnnzoo.contracts import PairBatch
from rnnzoo.data.dates import Dates
from rnnzoo.data.reversal import Reversal
from rnnzoo.registry import CODECS, UnknownName
from rnnzoo.tasks.sequence_to_sequence import SequenceToSequence


@pytest.fixture
def data():
    return Dates.tiny()


@pytest.fixture
def batch(data):
    return next(iter(data.train_dataloader()))


def build(data, **settings):
    seed_everything(3, verbose=False)
    settings = {"layer": "gru", "hidden_size": 12, "embedding_size": 8, "embedding_std": 1.0, **settings}
    task = SequenceToSequence(data.spec, **settings)
    task.codec = data.codec_state()
    return task


def written_by(task, batch):
    """The batch with the task's own greedy answers as targets in every second row; those that it ends."""
    targets, own = batch.targets.clone(), []
    for row, (one,) in enumerate(task.search(batch, 0)):
        if row % 2 or len(one.tokens) >= targets.shape[1] or not one.ended:
            continue
        targets[row] = 0
        targets[row, : len(one.tokens) + 1] = torch.tensor([*one.tokens, task.end])
        own.append(row)
    lengths = (targets != 0).sum(1)
    inputs = torch.cat([torch.full((len(targets), 1), task.begin), targets[:, :-1]], dim=1)
    inputs[inputs == task.end] = 0
    weights = (torch.arange(targets.shape[1]) < lengths[:, None]).float()
    return batch._replace(inputs=inputs, targets=targets, lengths=lengths, weights=weights), own


@pytest.fixture
def readily_ending(data):
    """A task that ends early now and then, so that some of its answers end at all."""
    task = build(data, attention="bilinear").eval()
    with torch.no_grad():
        task.model.decoder.head.weight.mul_(10)
        task.model.decoder.head.bias[task.end] += 2.0
        task.model.decoder.head.bias[task.begin] += 50.0  # which is never written
    return task


def test_exact_match_with_the_true_tokens_read_is_that_of_the_greedy_search(readily_ending, batch):
    task = readily_ending
    batch, own = written_by(task, batch)
    assert len(own) >= 3, "the model ends too rarely for this test to say anything"
    outputs = task.outputs_of(batch)
    found = {}
    for split in ("val", "test"):
        task.measured_split = split
        right, weights = task.measures(outputs, batch)["exact_match"]
        found[split] = right.tolist()
        assert weights.eq(1).all()
    assert found["val"] == found["test"]
    assert {row for row, right in enumerate(found["test"]) if right} >= set(own)
    assert not all(found["test"])


def test_a_target_beyond_the_limit_is_no_match_in_either_way(readily_ending, batch):
    task = readily_ending
    batch, own = written_by(task, batch)
    assert any(batch.lengths[row] > 1 for row in own)
    task.longest = 1
    for split in ("val", "test"):
        task.measured_split = split
        right, _ = task.measures(task.outputs_of(batch), batch)["exact_match"]
        assert not any(right[row] for row in own if batch.lengths[row] > 1)


def test_the_loss_is_smoothed_in_training_alone(data, batch):
    task = build(data, label_smoothing=0.2)
    logits = task.outputs_of(batch)
    log_p = logits.log_softmax(-1)
    plain = -log_p.gather(-1, batch.targets[..., None])[..., 0]
    torch.testing.assert_close(task.losses(logits, batch), 0.8 * plain + 0.2 * -log_p.mean(-1))
    torch.testing.assert_close(task.eval().losses(logits, batch), plain)


@pytest.mark.parametrize("search", ["greedy", "beam"])
def test_what_is_written_is_compared_as_sacrebleu_does(data, search, tmp_path):
    task = build(data, attention="additive", evaluate_by=search, beam=3)
    trainer = quiet_trainer(tmp_path, max_epochs=2)
    trainer.fit(task, datamodule=data)
    assert set(task.results["val"]) == {"exact_match", "loss", "perplexity"}
    trainer.test(task, datamodule=data, verbose=False)
    batches = list(data.test_dataloader())
    codec = CODECS.create("pair", **{k: v for k, v in data.codec_state().items() if k != "codec"})
    texts = [answer.text for part in trainer.predict(task, datamodule=data) for answer in part]
    wanted = [codec.decode_target(row.tolist()) for batch in batches for row in batch.targets]
    found, n = task.results["test"], len(wanted)
    assert all("-" in text for text in wanted)
    assert found["bleu"] == pytest.approx((sacrebleu.corpus_bleu(texts, [wanted], lowercase=True).score, n))
    assert found["chrf"] == pytest.approx((sacrebleu.corpus_chrf(texts, [wanted]).score, n))
    assert found["perplexity"].value == pytest.approx(torch.tensor(found["loss"].value).exp().item())
    assert found["perplexity"].n == found["loss"].n == int(sum(batch.lengths.sum() for batch in batches))
    assert "tok:13a" in task.signatures["bleu"]
    assert "tok:none" in task.signatures["bleu_tokenised"]


def test_validation_data_are_written_greedily_where_asked_and_test_data_by_the_beam(data, tmp_path, monkeypatch):
    task, beams = build(data, decode_validation=True, evaluate_by="beam", beam=3), []
    write = task.write
    monkeypatch.setattr(
        task, "write", lambda batch, beam, **options: beams.append(beam) or write(batch, beam, **options)
    )
    trainer = quiet_trainer(tmp_path)
    trainer.validate(task, datamodule=data, verbose=False)
    assert set(task.results["val"]) == {"exact_match", "loss", "perplexity", "bleu", "bleu_tokenised", "chrf"}
    assert set(beams) == {0}
    beams.clear()
    trainer.test(task, datamodule=data, verbose=False)
    assert set(beams) == {3}


def test_answers_have_texts_the_best_first_and_attention_over_the_source(data):
    task = build(data, attention="cosine", evaluate_by="beam", beam=4)
    raw = ["3 March 1999", "12/24/2001"]
    for text, answer in zip(raw, task.predict(raw, n_best=3), strict=True):
        assert answer.text == answer.n_best[0].text == "".join(answer.tokens)
        assert answer.score == answer.n_best[0].score
        assert [one.score for one in answer.n_best] == sorted((one.score for one in answer.n_best), reverse=True)
        assert len({one.text for one in answer.n_best}) == 3
        assert len(answer.attention) == len(answer.tokens)
        assert all(sum(weights[: len(text)]) == pytest.approx(1, abs=1e-5) for weights in answer.attention)
    assert build(data).predict(raw)[0].attention is None
    assert [one.text for one in task.predict(raw, batch_size=1)] == [one.text for one in task.predict(raw)]
    with pytest.raises(ValueError, match="n_best is 2 and the search is greedy"):
        task.predict(raw, beam=0, n_best=2)


def test_the_picture_of_a_batch_is_the_map_of_its_first_short_source(data, batch):
    task = build(data, attention="additive").eval()
    batch = batch._replace(weights=batch.weights.clone())
    batch.weights[0] = 0
    figure = task.pictures(batch)["attention"]
    codec = CODECS.create("pair", **{k: v for k, v in data.codec_state().items() if k != "codec"})
    steps = codec.decode(batch.source[1].tolist())
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["␣" if step == " " else step for step in steps]
    assert build(data).eval().pictures(batch) == {}


def test_a_model_that_is_never_shown_the_truth_learns_from_what_it_wrote(data, batch):
    task = build(data, teacher_forcing=0.0)
    torch.testing.assert_close(task.eval().outputs_of(batch), task.outputs_of(batch))
    expected = [one[0].tokens for one in task.search(batch, 0)]
    task.train()
    found = task.outputs_of(batch)
    found = found.index_fill(-1, task.never, -torch.inf).argmax(-1)
    for row, tokens in enumerate(expected):
        steps = min(len(tokens), found.shape[1], 2)  # until the model writes what a search may not
        assert found[row, :steps].tolist() == tokens[:steps]


def test_reversal_is_learned_with_attention(tmp_path):
    data = Reversal(letters=5, shortest=2, longest=5, training=400, validation=50, test=50, batch_size=50)
    task = build(data, attention="bilinear", hidden_size=32, learning_rate=0.02, layer="lstm")
    quiet_trainer(tmp_path, max_epochs=10).fit(task, datamodule=data)
    assert task.results["val"]["exact_match"].value > 0.8


def test_channels_are_sources_too(batch):
    spec = {**Dates.tiny().spec, "input": "real", "input_size": 3, "padding_id": None}
    task = SequenceToSequence(spec, layer="mingru", hidden_size=12, attention="bilinear")
    source = torch.randn(len(batch.lengths), 7, 3)
    given = batch._replace(source=source, source_lengths=torch.full_like(batch.lengths, 7))
    assert task.losses(task.outputs_of(given), given).shape == given.weights.shape


def test_a_checkpoint_answers_as_the_model_did(data, tmp_path):
    task = build(data, attention="scaled_dot", bleu_tokenize="char")
    trainer = quiet_trainer(tmp_path, max_epochs=1)
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    again = SequenceToSequence.load_from_checkpoint(tmp_path / "model.ckpt", weights_only=True)
    assert again.predict(["3 March 1999"]) == task.predict(["3 March 1999"])


def test_data_of_another_vocabulary_is_told(data, tmp_path):
    task = build(data)
    other = Reversal.tiny()
    with pytest.raises(ValueError, match="the data's input_size is"):
        quiet_trainer(tmp_path, max_epochs=1).fit(task, datamodule=other)


def test_fillers_count_for_nothing(data, batch, tmp_path):
    task = build(data)
    filled = PairBatch(*batch)._replace(weights=batch.weights.clone())
    filled.weights[3:] = 0
    trainer = quiet_trainer(tmp_path)
    trainer.test(task, loader([filled]), verbose=False)
    assert {n for name, (_, n) in task.results["test"].items() if name not in ("loss", "perplexity")} == {3}
    assert len(trainer.predict(task, loader([filled]))[0]) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing is 1"),
        ({"beam": 0}, "beam is 0"),
        ({"injection": "none"}, "injection is 'none' and so is attention"),
    ],
)
def test_settings_out_of_range_are_told(data, settings, message):
    with pytest.raises(ValueError, match=message):
        build(data, **settings)


def test_unknown_names_and_a_spec_without_tokens_are_told(data):
    with pytest.raises(UnknownName, match="greedy"):
        build(data, evaluate_by="greed")
    spec = {key: value for key, value in data.spec.items() if key != "end"}
    with pytest.raises(ValueError, match="spec lacks end; expected the tokens that a text begins and ends with"):
        SequenceToSequence(spec)


def test_perplexity_is_exp_of_the_mean_cross_entropy(data, batch, tmp_path):
    task = build(data)
    quiet_trainer(tmp_path).test(task, loader([batch]), verbose=False)
    real = batch.weights > 0
    with torch.no_grad():
        mean = F.cross_entropy(task.outputs_of(batch)[real], batch.targets[real])
    assert task.results["test"]["perplexity"].value == pytest.approx(mean.exp().item(), rel=1e-5)
