"""A state that is carried from window to window, and numbers that are means over all tokens."""

import itertools
import math

import pytest
import torch
from lightning.pytorch import seed_everything
from tolerances import close
from training import loader, quiet_trainer

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data.plain_text import PlainText
from rnnzoo.tasks.language_model import LanguageModel

V = 7
SPEC = {
    "kind": "next_token", "input": "tokens", "input_size": V, "output_size": V, "vocabulary": "x",
    "unit": "character", "padding_id": None, "streaming": True, "version": 1,
}  # fmt: skip


def model(layer="lstm", **given):
    seed_everything(0, verbose=False)
    return LanguageModel(SPEC, layer, **{"hidden_size": 6, "embedding_size": 5, **given})


def windows(rows=2, steps=12, cuts=(0, 5, 6, 12), seed=0):
    """A random text as the batches of a stream."""
    text = torch.randint(0, V, (rows, steps + 1), generator=torch.Generator().manual_seed(seed))
    return [
        SequenceBatch(
            text[:, a:b], torch.full((rows,), b - a), text[:, a + 1 : b + 1], torch.ones(rows, b - a),
            torch.full((rows,), a == 0),
        )
        for a, b in itertools.pairwise(cuts)
    ]  # fmt: skip


def measured(task, batches, tmp_path):
    quiet_trainer(tmp_path).test(task, loader(batches), verbose=False)
    return {name: value for name, (value, _) in task.results["test"].items()}


# one of each form of state: a tensor, a tuple, another shape a layer, a window of inputs, a matrix, a clock
@pytest.mark.parametrize("layer", ["srn", "lstm", "scrn", "qrnn", "mingru", "rwkv7", "phased_lstm", "window_attention"])
def test_windows_with_a_carried_state_give_the_losses_of_one_long_window(layer, tmp_path):
    size = {"hidden_size": 8} if layer in ("rwkv7", "window_attention") else {}
    task = model(layer, num_layers=2, **size).double()
    (whole,), cut = windows(cuts=(0, 12)), windows()
    task.eval()
    expected = task.losses(task.outputs_of(whole), whole)
    task.carried.key = ("test", 0)
    close(torch.cat([task.losses(task.outputs_of(batch), batch) for batch in cut], 1), expected)


def test_batches_in_another_order_have_other_losses_so_that_the_order_counts(tmp_path):
    task = model(init_range=1.0)
    first, second, third = windows()
    right = measured(task, [first, second, third], tmp_path)["loss"]
    wrong = measured(task, [first, third, second], tmp_path)["loss"]
    assert abs(right - wrong) > 1e-4


def test_the_gradient_ends_where_the_window_begins():
    task = model("lstm", dropout=0.0).double()
    first, second, _ = windows()
    task.carried.key = ("train", 0)
    task.outputs_of(first)
    ((_, state),) = task.carried.states.values()
    own = [member.clone() for member in state[0]]
    assert not any(member.requires_grad for member in state[0])
    task.losses(task.outputs_of(second), second).sum().backward()
    found = [parameter.grad.clone() for parameter in task.parameters()]
    task.zero_grad()
    encoded = task.encoder(second.inputs, (tuple(own),))
    task.head.losses(encoded.features, second.targets).sum().backward()
    for grad, parameter in zip(found, task.parameters(), strict=True):
        close(grad, parameter.grad)


def test_a_uniform_model_has_the_perplexity_of_the_vocabulary_size(tmp_path):
    task = model(init_range=0.0)
    found = measured(task, windows(), tmp_path)
    assert found["perplexity"] == pytest.approx(V)
    assert found["nats_per_character"] == found["loss"] == pytest.approx(math.log(V))
    assert found["bits_per_character"] == pytest.approx(math.log2(V))


def test_perplexity_is_of_the_mean_over_all_tokens_not_a_mean_of_batches(tmp_path):
    task = model(init_range=1.0)
    batches = windows()
    found = measured(task, batches, tmp_path)
    task.eval()
    (whole,) = windows(cuts=(0, 12))
    assert found["perplexity"] == pytest.approx(task.losses(task.outputs_of(whole), whole).mean().exp().item())


def test_words_have_no_numbers_a_character():
    task = LanguageModel({**SPEC, "unit": "word"})
    assert [metric.name for metric in task.metric_specs] == ["perplexity", "loss"]


def test_a_tied_weight_is_one_storage_and_counted_once():
    own, tied = model(embedding_size=6), model(embedding_size=6, tied=True)
    table = tied.encoder.embedding.map.weight
    assert tied.head.weight.data_ptr() == table.data_ptr()
    size = {name: sum(p.numel() for p in task.parameters()) for name, task in (("own", own), ("tied", tied))}
    assert size["own"] - size["tied"] == V * 6
    assert len(tied.state_dict()) == len(own.state_dict()) - 1
    wider = model(embedding_size=5, tied=True)
    assert wider.head.weight.shape == (V, 5)
    assert wider(torch.zeros(1, 2, dtype=torch.int64)).shape == (1, 2, V)


def test_evaluation_begins_without_the_state_of_training_and_leaves_it_alone(tmp_path):
    data = PlainText.tiny()
    task = LanguageModel(data.spec, "gru", hidden_size=6)
    quiet_trainer(tmp_path, limit_train_batches=3, max_epochs=1).fit(task, datamodule=data)
    assert set(task.carried.states) == {("train", 0)}
    trained = task.carried.states["train", 0]
    trainer = quiet_trainer(tmp_path)
    trainer.validate(task, datamodule=data, verbose=False)
    first = task.results["val"]
    trainer.validate(task, datamodule=data, verbose=False)
    assert task.results["val"] == first
    assert task.carried.states["train", 0] is trained


def test_rows_that_start_anew_begin_with_the_layers_own_state():
    task = model("gru").double()
    task.eval()
    first, second, _ = windows()
    task.carried.key = ("test", 0)
    task.outputs_of(first)
    mixed = task.outputs_of(second._replace(starts=torch.tensor([True, False]))).features
    task.outputs_of(first)
    close(mixed[1], task.outputs_of(second).features[1])
    close(mixed[0], task.encoder(second.inputs).features[0])


def test_a_stream_that_is_entered_in_its_middle_is_refused():
    task = model()
    task.carried.key = ("train", 0)
    with pytest.raises(ValueError, match="from its beginning"):
        task.outputs_of(windows()[1])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"layer_options": {"bidirectional": True}}, "'lstm' with bidirectional=True.*stream"),
        ({"tied": True, "adaptive_cutoffs": [3]}, "Use one of them"),
        ({"adaptive_cutoffs": [5, 3]}, "rising"),
        ({"word_dropout": 1.0}, "share"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_naming_both(given, says):
    with pytest.raises(ValueError, match=says):
        model(**given)


def test_the_adaptive_softmax_gives_the_probabilities_whose_losses_it_has():
    task = model(adaptive_cutoffs=[2, 4], hidden_size=16).double()
    task.eval()
    (batch,) = windows(cuts=(0, 12))
    logs = task(batch.inputs)
    close(logs.exp().sum(-1), torch.ones(2, 12, dtype=torch.float64))
    close(-logs.gather(-1, batch.targets[..., None])[..., 0], task.losses(task.outputs_of(batch), batch))


def test_penalties_are_of_training_alone_and_those_of_the_paper():
    task = model(activation_penalty=2.0, slowness_penalty=3.0).double()
    (batch,) = windows(cuts=(0, 12))
    plain = task.eval().losses(task.outputs_of(batch), batch).mean()
    outputs = task.train().outputs_of(batch)
    h = outputs.raw
    expected = plain + 2 * h.pow(2).mean() + 3 * (h[:, 1:] - h[:, :-1]).pow(2).mean()
    close(task.losses(outputs, batch).mean(), expected)


def test_word_dropout_leaves_out_a_word_wherever_it_stands():
    task = model(word_dropout=0.5).double().train()
    seen = {}
    task.encoder.recurrent.register_forward_pre_hook(lambda module, args: seen.update(x=args[0]))
    (batch,) = windows(rows=4, cuts=(0, 12))
    task.encoder(batch.inputs)
    gone = seen["x"].eq(0).all(-1)
    for token in range(V):
        assert len(set(gone[batch.inputs == token].tolist())) == 1
    assert 0 < gone.sum() < gone.numel()
