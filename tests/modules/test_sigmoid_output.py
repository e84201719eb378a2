"""One logit for two labels is the binary cross entropy of a sigmoid."""

import torch
from torch.nn import functional as F

from rnnzoo.modules.sigmoid_output import SigmoidOutput


def test_cross_entropy_of_its_logits_is_the_binary_one_of_a_sigmoid():
    head, x, targets = SigmoidOutput(5).double(), torch.randn(7, 5, dtype=torch.float64), torch.arange(7) % 2
    logits, z = head(x), head.linear(x)[:, 0]
    expected = F.binary_cross_entropy(torch.sigmoid(z), targets.double(), reduction="none")
    torch.testing.assert_close(F.cross_entropy(logits, targets, reduction="none"), expected)
    torch.testing.assert_close(logits.softmax(-1)[:, 1], torch.sigmoid(z))
    assert logits.argmax(-1).equal((z > 0).long())
