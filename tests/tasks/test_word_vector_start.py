"""Word vectors begin a training, once; what was loaded is never written over."""

import logging

import pytest
import torch
from training import quiet_trainer

from rnnzoo.contracts import WordVectors
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.data.sst2 import Sst2
from rnnzoo.tasks.sequence_classification import SequenceClassifier


@pytest.fixture
def data(tmp_path):
    (tmp_path / "v.txt").write_text("film 4 5 6\nwarm 1 2 3\n")
    return Sst2.tiny()


def classifier(data, tmp_path, **settings):
    given = {"embedding_size": 3, "embedding_vectors": str(tmp_path / "v.txt"), "optimizer": "sgd", **settings}
    return SequenceClassifier(data.spec, "srn", hidden_size=4, learning_rate=0.0, **given)


def fit(task, data, tmp_path, **options):
    quiet_trainer(tmp_path, max_steps=1, limit_val_batches=0, **options).fit(task, datamodule=data)


def test_known_words_have_their_vectors_and_the_others_begin_as_without(data, tmp_path):
    torch.manual_seed(1)
    plain = classifier(data, tmp_path, embedding_vectors=None).encoder.embedding.map.weight.detach().clone()
    torch.manual_seed(1)
    task = classifier(data, tmp_path)
    assert torch.equal(task.encoder.embedding.map.weight, plain)
    fit(task, data, tmp_path)
    vocabulary = data.codec_state()["vocabulary"]
    plain[vocabulary.index("film")] = torch.tensor([4.0, 5.0, 6.0])
    plain[vocabulary.index("warm")] = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(task.encoder.embedding.map.weight, plain)


def test_the_share_of_words_with_a_vector_is_told_once(data, tmp_path, caplog):
    task = classifier(data, tmp_path)
    with caplog.at_level(logging.WARNING, logger="rnnzoo"):
        fit(task, data, tmp_path)
        fit(task, data, tmp_path)
    (message,) = [record.getMessage() for record in caplog.records if "have a vector" in record.getMessage()]
    vocabulary = data.codec_state()["vocabulary"]
    assert message.startswith(f"2 of {len(vocabulary)} words, ")


@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_table_is_not_trained_and_any_other_is(data, tmp_path, frozen):
    task = classifier(data, tmp_path, embedding_frozen=frozen)
    task.learning_rate = 0.5
    fit(task, data, tmp_path)
    film = task.encoder.embedding.map.weight[data.codec_state()["vocabulary"].index("film")]
    assert torch.equal(film.detach(), torch.tensor([4.0, 5.0, 6.0])) == frozen


def test_loaded_weights_are_refined_and_not_begun_again(data, tmp_path):
    task = classifier(data, tmp_path)
    fit(task, data, tmp_path, enable_checkpointing=False)
    with torch.no_grad():
        task.encoder.embedding.map.weight.fill_(0.25)
    task.trainer.save_checkpoint(tmp_path / "m.ckpt")
    (tmp_path / "v.txt").unlink()
    loaded = SequenceClassifier.load_from_checkpoint(tmp_path / "m.ckpt")
    fit(loaded, data, tmp_path)
    assert loaded.encoder.embedding.map.weight[2:].eq(0.25).all()
    resumed = classifier(data, tmp_path)
    (tmp_path / "v.txt").write_text("film 4 5 6\n")
    trainer = quiet_trainer(tmp_path, max_steps=2, limit_val_batches=0)
    trainer.fit(resumed, datamodule=data, ckpt_path=tmp_path / "m.ckpt")
    assert resumed.encoder.embedding.map.weight[2:].eq(0.25).all()


def test_vectors_of_another_width_are_refused_with_theirs(data, tmp_path):
    with pytest.raises(ValueError, match=r"of 3 numbers, and the table is of .* expected embedding_size 3"):
        fit(classifier(data, tmp_path, embedding_size=5), data, tmp_path)


def test_what_has_no_words_is_refused(data, tmp_path):
    with pytest.raises(ValueError, match="expected a learned embedding of tokens"):
        classifier(data, tmp_path, embedding="one_hot")
    with pytest.raises(ValueError, match="without embedding_vectors"):
        classifier(data, tmp_path, embedding_vectors=None, embedding_frozen=True)
    digits = DigitSum.tiny()
    with pytest.raises(ValueError, match="DigitSum has no words"):
        fit(classifier(digits, tmp_path), digits, tmp_path)


def test_only_a_known_words_row_is_replaced():
    from rnnzoo.modules.embedding import Embedding

    table = Embedding("tokens", 3, embedding_size=2)
    before = table.map.weight.detach().clone()
    vectors = WordVectors(torch.ones(3, 2), torch.tensor([False, True, False]), 1.0, "")
    table.set_vectors(vectors.values, vectors.known)
    assert torch.equal(table.map.weight[[0, 2]], before[[0, 2]])
    assert table.map.weight[1].eq(1).all()
