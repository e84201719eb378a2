"""The gradient is that of the weighted mean, in however many batches the elements come."""

import pytest
import torch
from torch import nn
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.tasks.sequence_classification import SequenceClassifier


def weights_after_a_step(folder, batches, **options):
    torch.manual_seed(3)
    task = SequenceClassifier(spec(), layer="none", embedding_size=4, optimizer="sgd", learning_rate=1.0).double()
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


def test_a_batch_of_fillers_changes_nothing(tmp_path):
    batch, fillers = make_batch(4), make_batch(3, seed=1, weights=[0, 0, 0])
    moved = weights_after_a_step(tmp_path, [batch, fillers])
    assert torch.equal(moved, weights_after_a_step(tmp_path, [batch]))
