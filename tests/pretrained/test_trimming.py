import pytest
import torch
from training import LIGHTNINGS_OWN, loader

from rnnzoo.data.snips import Snips
from rnnzoo.pretrained import PretrainedError, load_pretrained, save_pretrained
from rnnzoo.pretrained.measuring import measure
from rnnzoo.pretrained.trimming import TrimmedBatches, trim_vocabulary
from rnnzoo.registry import CODECS, TASKS

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]

WORDS = ["the", "film", "is", "good", "bad", "dreadful", "sublime"]


def text_task(**arguments):
    codec = {"codec": "text", "vocabulary": ["[PAD]", "[UNK]", *WORDS], "tokenizer": "split", "max_length": None}
    codec |= {"keep": "first", "padding": "post"}
    spec = {"kind": "label", "input": "tokens", "input_size": 9, "output_size": 2, "labels": ["no", "yes"]}
    spec |= {"padding_id": 0, "streaming": False, "version": 1}
    arguments = {"layer": "mingru", "hidden_size": 4, "embedding_size": 3, "pooling": "mean"} | arguments
    task = TASKS.create("sequence_classification", spec=spec, **arguments).eval()
    task.codec = codec
    return task


def codec_of(task):
    state = dict(task.codec)
    return CODECS.create(state.pop("codec"), **state)


def test_texts_of_kept_words_are_answered_as_before_and_lost_words_as_unknown():
    task = text_task()
    trimmed = trim_vocabulary(task, 5)
    assert trimmed.codec["vocabulary"] == ["[PAD]", "[UNK]", *WORDS[:5]]
    assert trimmed.predict(["the film is bad"]) == task.predict(["the film is bad"])
    assert trimmed.predict(["the film is sublime"]) == task.predict(["the film is qqq"])
    assert trimmed.predict(["the film is sublime"]) != task.predict(["the film is sublime"])


def test_trimming_away_a_words_row_shrinks_only_the_embedding():
    task = text_task()
    trimmed = trim_vocabulary(task, 3)
    sizes = {name: tensor.numel() for name, tensor in task.state_dict().items()}
    shrunk = {name for name, tensor in trimmed.state_dict().items() if tensor.numel() != sizes[name]}
    assert len(shrunk) == 1
    assert sum(sizes.values()) - sum(t.numel() for t in trimmed.state_dict().values()) == 4 * 3


def test_a_trimmed_model_is_saved_and_loaded_like_any_other(tmp_path):
    trimmed = trim_vocabulary(text_task(), 4)
    loaded = load_pretrained(save_pretrained(trimmed, tmp_path / "model"))
    assert loaded.predict(["the film is dreadful"]) == trimmed.predict(["the film is dreadful"])


def test_nothing_changes_where_every_word_stays():
    task = text_task()
    assert trim_vocabulary(task, len(WORDS)) is task


def test_batches_of_the_full_vocabulary_become_those_the_trimmed_codec_makes():
    texts = ["the sublime film", "dreadful", "is qqq good bad"]
    task = text_task()
    trimmed = trim_vocabulary(task, 4)
    (seen,) = TrimmedBatches([codec_of(task).encode(texts)], trimmed.codec)
    assert torch.equal(seen.inputs, codec_of(trimmed).encode(texts).inputs)


def test_the_measured_mean_is_over_elements_whatever_their_batches_and_fillers():
    task = text_task()
    texts = ["the film", "good", "bad bad film is", "sublime"]
    targets = torch.tensor([0, 1, 1, 0])
    whole = codec_of(task).encode(texts)._replace(targets=targets)
    parts = [codec_of(task).encode(texts[:3])._replace(targets=targets[:3])]
    last = codec_of(task).encode([texts[3], "filler"])
    parts.append(last._replace(targets=torch.tensor([0, 1]), weights=torch.tensor([1.0, 0.0])))
    labels = [int(answer.label == "yes") for answer in task.predict(texts)]
    accuracy = sum(a == b for a, b in zip(labels, targets.tolist(), strict=True)) / 4
    for batches in ([whole], parts):
        result = measure(task, loader(batches))
        assert result["accuracy"] == accuracy
        assert result["loss"] == pytest.approx(measure(task, loader([whole]))["loss"], rel=1e-6)


def test_nothing_to_measure_is_an_error():
    task = text_task()
    filler = codec_of(task).encode(["good"])._replace(weights=torch.zeros(1), targets=torch.zeros(1, dtype=torch.int64))
    with pytest.raises(ValueError, match="no element"):
        measure(task, loader([filler]))


def test_a_model_without_a_vocabulary_cannot_be_trimmed(task):
    with pytest.raises(PretrainedError, match="'digits'"):
        trim_vocabulary(task, 5)


def test_one_hot_words_have_no_table_to_trim():
    with pytest.raises(PretrainedError, match="0 learned embeddings"):
        trim_vocabulary(text_task(embedding="one_hot"), 5)


def test_at_least_one_word_has_to_stay():
    with pytest.raises(PretrainedError, match="words is 0"):
        trim_vocabulary(text_task(), 0)


def test_of_a_tagger_the_words_are_trimmed_and_their_characters_stay():
    data = Snips.tiny()
    task = TASKS.create(
        "sequence_tagging", spec=data.spec, layer="gru", hidden_size=8, embedding_size=4, characters="cnn", output="crf"
    )
    task.codec = data.codec_state()
    small = trim_vocabulary(task, 5)
    table = task.encoder.embedding.map.weight
    assert torch.equal(small.encoder.embedding.map.weight, table[:7])
    assert torch.equal(small.characters.embedding.weight, task.characters.embedding.weight)
    batches = list(data.test_dataloader())
    with torch.no_grad():
        table[7:] = table[1]  # a word that is gone is [UNK]
    expected = measure(task, loader(batches))
    found = measure(small, TrimmedBatches(batches, small.codec))
    assert found == pytest.approx(expected, rel=1e-5)
    assert {"f1", "intent_accuracy", "illegal", "loss"} <= found.keys()
