"""Text written on by a language model: the same for the same seed, and in the same memory whatever its length."""

import gc

import pytest
import torch
from lightning.pytorch import seed_everything
from tolerances import close
from training import quiet_trainer

from rnnzoo import cli
from rnnzoo.data.plain_text import PlainText
from rnnzoo.modules.carried_layers import each_tensor
from rnnzoo.tasks._continuing import Continuation, read
from rnnzoo.tasks.language_model import LanguageModel

# of a teaching text: what follows "会说" is told by the country that stands nearer
TEXT = "我是中国人,我会说汉语,但是我成年后移民到美国,所以我也会说英语。"


def untrained(layer="gru", **given):
    seed_everything(0, verbose=False)
    data = PlainText.tiny()
    task = LanguageModel(data.spec, layer, hidden_size=8, init_range=0.8, **given)
    task.codec = data.codec_state()
    return task.eval()


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A character model of a dozen steps that knows two sentences by heart."""
    folder = tmp_path_factory.mktemp("chinese")
    (folder / "text.txt").write_text(TEXT * 60, encoding="utf-8")
    seed_everything(0, verbose=False)
    data = PlainText(str(folder / "text.txt"), batch_size=4, window=len(TEXT))
    task = LanguageModel(data.spec, "gru", hidden_size=32, learning_rate=2e-2)
    trainer = quiet_trainer(folder, max_epochs=6)
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(folder / "model.ckpt")
    return task, folder / "model.ckpt"


@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_what_comes_next_depends_on_what_stood_before(chinese):
    task, _ = chinese
    assert task.what_comes_next("我是中国人,我会说").token == "汉"
    found = task.what_comes_next(TEXT[:-3], k=3)
    assert (found.token, len(found.probabilities)) == ("英", 3)
    assert found.probability == max(found.probabilities.values()) > 0.5
    assert task.generate(TEXT[:6], 8, temperature=0) == TEXT[6:14]


def test_predict_gives_the_continuation_and_the_probabilities_whatever_else_is_in_the_batch(chinese):
    task, _ = chinese
    together = task.predict(["我是中国人,我会说", "也"])
    (alone,) = task.predict(["我是中国人,我会说"])
    assert together[0].text == alone.text
    assert alone.text.startswith("汉语,")
    assert alone.token == "汉" == next(iter(alone.probabilities))
    assert len(together) == 2


def test_the_command_writes_the_text_and_what_may_come_next(chinese, capsys):
    _, path = chinese
    assert cli.main(["generate", str(path), "--prompt", "我是中", "--length", "3", "--temperature", "0"]) == 0
    assert capsys.readouterr().out == "我是中国人,\n"
    assert cli.main(["generate", str(path), "--prompt", "我是中", "--next", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split("\t")[1] == "国"
    assert cli.main(["predict", str(path), "我是中"]) == 0
    assert capsys.readouterr().out.startswith("国人,")
    assert cli.main(["generate", "digit-sum-lstm", "--prompt", "1"]) == 2
    assert "writes no running text" in capsys.readouterr().err


@pytest.mark.parametrize("layer", ["srn", "lstm", "scrn", "qrnn", "mingru", "rwkv7", "window_attention"])
def test_steps_write_what_the_whole_forward_would(layer):
    task = untrained(layer, num_layers=2).double()
    ids = read(task, "今")[0].ids("今天下雨了，路很滑。The river")
    _, features, state = read(task, "今")
    steps = Continuation(task, features, state, temperature=0)
    logits = [steps.logits]
    for token in ids[1:]:
        features, steps.state = task.encoder.step(torch.tensor([token]), steps.state)
        logits.append(task.head(features))
    with torch.no_grad():
        close(torch.stack(logits, 1), task(torch.tensor([ids])))


def test_a_seed_writes_the_same_text_and_another_one_another():
    task = untrained()
    first = task.generate("今", 50, seed=3)
    assert first == task.generate("今", 50, seed=3) == "".join(task.stream("今", 50, seed=3))
    assert first != task.generate("今", 50, seed=4)
    assert len(first) == 50


def test_one_candidate_is_the_likeliest_token():
    task = untrained()
    greedy = task.generate("今", 60, temperature=0)
    assert greedy == task.generate("今", 60, top_k=1, seed=9) == task.generate("今", 60, top_p=1e-6, seed=9)
    text = "今"
    for _ in range(10):
        text += task.what_comes_next(text, 1).token
    assert text[1:] == greedy[:10]


def test_it_ends_where_the_stopping_text_is_complete():
    task = untrained()
    text = task.generate("今", 200, seed=1)
    stop = text[20:23]
    assert task.generate("今", 200, seed=1, stop=stop) == text[: text.index(stop) + 3]


@pytest.mark.parametrize(
    ("layer", "length"),
    [("lstm", 1_000), ("window_attention", 300), pytest.param("lstm", 10_000, marks=pytest.mark.slow)],
)
def test_so_many_characters_take_no_more_tensors_than_a_few(layer, length):
    task = untrained(layer)
    _, features, state = read(task, "今")
    written = Continuation(task, features, state, seed=0)

    def held():
        gc.collect()
        alive = [one for one in gc.get_objects() if issubclass(type(one), torch.Tensor)]
        sizes = []
        each_tensor(written.state, lambda one: sizes.append(one.untyped_storage().nbytes()) or one)
        return len(alive), sum(sizes)

    for _ in range(200):
        next(written)
    tensors, numbers = held()
    for _ in range(length):
        next(written)
    later, same = held()
    assert same == numbers
    assert later - tensors < length / 20  # one a character would be as many; the rest of the process may hold a few


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"length": 0}, "length is 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"top_k": 0}, "top_k is 0"),
        ({"stop": ""}, "stop is an empty text"),
        ({"prompt": ""}, "empty"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_written(given, says):
    with pytest.raises(ValueError, match=says):
        untrained().stream(**{"prompt": "今", **given})


def test_training_mode_is_left_as_it_was():
    task = untrained(dropout=0.5).train()
    assert task.generate("今", 5) == task.generate("今", 5)
    assert task.training
