"""The gradient is that of the weighted mean (or sum), in however many batches the elements come."""

import pytest
import torch
from torch import nn
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.registry import UnknownName
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def weights_after_a_step(folder, batches, rate=1.0, loss="mean", **options):
    torch.manual_seed(3)
    how = {"optimizer": "sgd", "learning_rate": rate, "loss_reduction": loss}
    task = SequenceClassifier(spec(), layer="none", embedding_size=4, **how).double()
    quiet_trainer(folder, max_epochs=1, **options).fit(task, loader(batches))
    return nn.utils.parameters_to_vector(task.parameters()).detach()


def parts(batch, sizes):
    split = [member.split(sizes) for member in batch]
    return [type(batch)(*members) for members in zip(*split, strict=True)]


@pytest.mark.parametrize("sizes", [(3, 3, 3), (6, 2, 1)])
def test_accumulated_batches_are_one_batch(tmp_path, sizes):
    batch = make_batch(9, weights=[1, 1, 0, 1, 2, 1, 0, 1, 1])
    whole = weights_after_a_step(tmp_path, [batch])
    accumulated = weights_after_a_step(tmp_path, parts(batch, sizes), accumulate_grad_batches=3)
    torch.testing.assert_close(accumulated, whole, rtol=1e-6, atol=1e-7)


def test_the_gradient_of_a_sum_is_that_of_the_mean_times_the_weight_of_the_batch(tmp_path):
    batch = make_batch(9, weights=[1, 1, 0, 1, 2, 1, 0, 1, 1])
    start, mean, total = (
        weights_after_a_step(tmp_path, [batch], **how) for how in ({"rate": 0.0}, {}, {"loss": "sum"})
    )
    torch.testing.assert_close(total - start, 8 * (mean - start), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("sizes", [(3, 3, 3), (6, 2, 1)])
def test_the_sum_over_accumulated_batches_is_the_sum_over_one(tmp_path, sizes):
    batch = make_batch(9, weights=[1, 1, 0, 1, 2, 1, 0, 1, 1])
    whole = weights_after_a_step(tmp_path, [batch], loss="sum")
    accumulated = weights_after_a_step(tmp_path, parts(batch, sizes), loss="sum", accumulate_grad_batches=3)
    torch.testing.assert_close(accumulated, whole, rtol=1e-6, atol=1e-7)


def test_an_unknown_reduction_has_near_misses():
    with pytest.raises(UnknownName, match="did you mean mean"):
        SequenceClassifier(spec(), loss_reduction="meen")


def test_a_shorter_last_accumulation_is_a_batch_of_its_own(tmp_path):
    first, second = make_batch(6, seed=1), make_batch(5, seed=2)
    apart = weights_after_a_step(tmp_path, [first, second])
    both = [*parts(first, (4, 2)), second]
    torch.testing.assert_close(
        weights_after_a_step(tmp_path, both, accumulate_grad_batches=2), apart, rtol=1e-6, atol=1e-7
    )


def test_elements_without_weight_have_no_part(tmp_path):
    batch = make_batch(6, weights=[1, 1, 1, 1, 0, 0])
    kept = parts(batch, (4, 2))[0]
    torch.testing.assert_close(
        weights_after_a_step(tmp_path, [batch]), weights_after_a_step(tmp_path, [kept]), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("fillers", [0, 1, 2])
def test_a_batch_of_fillers_anywhere_among_the_accumulated_has_no_part(tmp_path, fillers):
    batch, empty = make_batch(6, weights=[1, 1, 2, 1, 1, 1]), make_batch(2, seed=1, weights=[0, 0])
    accumulated = parts(batch, (4, 2))
    accumulated.insert(fillers, empty)
    torch.testing.assert_close(
        weights_after_a_step(tmp_path, accumulated, accumulate_grad_batches=3),
        weights_after_a_step(tmp_path, [batch]),
        rtol=1e-6,
        atol=1e-7,
    )


def test_a_batch_of_fillers_changes_nothing(tmp_path):
    batch, fillers = make_batch(4), make_batch(3, seed=1, weights=[0, 0, 0])
    moved = weights_after_a_step(tmp_path, [batch, fillers])
    assert torch.equal(moved, weights_after_a_step(tmp_path, [batch]))
