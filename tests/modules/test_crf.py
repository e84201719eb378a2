"""A conditional random field is a distribution over tag sequences, in full precision, and obeys its constraints."""

import itertools

import pytest
import torch
from tolerances import close

from rnnzoo.modules.crf import CRF, Allowed
from rnnzoo.ops.linear_chain import path_score
from rnnzoo.tag_schemes import PREFIXES, all_tags, illegal_steps
from rnnzoo.tasks._tags import allowed_by

LENGTHS = torch.tensor([3, 1, 2])
K = 3


@pytest.fixture
def crf():
    made = CRF(K).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


def every(n, size=K):
    return torch.tensor(list(itertools.product(range(size), repeat=n)))


def test_the_probabilities_of_all_sequences_add_up_to_one(crf):
    for n in (1, 2, 4):
        tags, x = every(n), torch.randn(1, n, K, dtype=torch.float64)
        p = torch.exp(-crf(x.expand(len(tags), n, K), tags, torch.full((len(tags),), n)))
        close(p.sum(), torch.tensor(1.0, dtype=torch.float64))
        assert tags[p.argmax()].tolist() == crf.decode(x, torch.tensor([n]))[0].tolist()
        expected = torch.stack([(p[:, None] * (tags == k)).sum(0) for k in range(K)], dim=1)
        close(crf.marginals(x, torch.tensor([n]))[0], expected)


def test_without_scores_of_transitions_each_step_is_a_softmax_of_its_own(crf):
    for parameter in crf.parameters():
        torch.nn.init.zeros_(parameter)
    x, tags = torch.randn(3, 3, K, dtype=torch.float64), torch.tensor([[0, 1, 2], [2, 0, 0], [1, 1, 0]])
    losses = torch.nn.functional.cross_entropy(x.flatten(0, 1), tags.flatten(), reduction="none").view(3, 3)
    inside = torch.arange(3) < LENGTHS[:, None]
    close(crf(x, tags, LENGTHS), (losses * inside).sum(1))


def test_unknown_tags_are_summed_over(crf):
    x = torch.randn(1, 3, K, dtype=torch.float64)
    n = torch.tensor([3])
    known = torch.tensor([[True, False, True]])
    summed = sum(torch.exp(-crf(x, torch.tensor([[2, k, 1]]), n)) for k in range(K))
    close(crf(x, torch.tensor([[2, 99, 1]]), n, known), -summed.log())
    close(
        crf(x, torch.tensor([[2, 0, 1]]), n, torch.ones(1, 3, dtype=torch.bool)), crf(x, torch.tensor([[2, 0, 1]]), n)
    )


@torch.no_grad()
def test_under_autocast_it_keeps_what_half_precision_would_lose():
    crf, n, size = CRF(K), torch.tensor([200]), 200
    x, tags = 4 * torch.randn(1, size, K).bfloat16(), torch.randint(0, K, (1, size))
    with torch.autocast("cpu", torch.bfloat16):
        found = crf(x, tags, n)
    assert found.dtype == torch.float32
    exact = crf.double()(x.double(), tags, n)
    close(found, exact.float())
    scores = crf.bfloat16().chain(x, n)  # the same sum, in which every step is rounded
    start, end, A = (value.bfloat16() for value in (scores.start, scores.end, scores.transitions))
    alpha = start + x[:, 0]
    for t in range(1, size):
        alpha = torch.logsumexp(alpha[:, :, None] + A, dim=1) + x[:, t]
    rough = torch.logsumexp(alpha + end, dim=1).double() - path_score(scores, tags)
    assert abs(float(rough - exact)) > 1.0  # nats


TYPES = {"IOB1": "XY", "IOB2": "XY", "BIOES": "X", "BMES": ["", "Y"]}


@pytest.mark.parametrize("scheme", PREFIXES)
def test_a_scheme_allows_the_sequences_that_spans_give_and_no_others(scheme):
    labels = all_tags(list(TYPES[scheme]), scheme)
    allowed = allowed_by(scheme, labels)
    for n in (1, 2, 3):
        for tags in itertools.product(range(len(labels)), repeat=n):
            legal = not illegal_steps([labels[tag] for tag in tags], scheme)
            pairs = all(allowed.transitions[pair] for pair in itertools.pairwise(tags))
            assert (pairs and bool(allowed.start[tags[0]]) and bool(allowed.end[tags[-1]])) == legal, tags


@pytest.mark.parametrize("scheme", PREFIXES)
def test_with_constraints_legal_sequences_have_all_probability(scheme):
    labels = all_tags(["X"] if len(PREFIXES[scheme]) > 2 else ["X", "Y"], scheme)
    size, n = len(labels), 3
    crf = CRF(size, allowed_by(scheme, labels)).double()
    x = 5 * torch.randn(1, n, size, dtype=torch.float64)
    legal = [tags for tags in every(n, size) if not illegal_steps([labels[tag] for tag in tags], scheme)]
    p = torch.exp(-crf(x.expand(len(legal), n, size), torch.stack(legal), torch.full((len(legal),), n)))
    close(p.sum(), torch.tensor(1.0, dtype=torch.float64))
    assert legal[int(p.argmax())].tolist() == crf.decode(x, torch.tensor([n]))[0].tolist()


def test_tags_without_probability_are_refused_by_row_and_step():
    labels = ["O", "B-X", "I-X"]
    crf, x = CRF(3, allowed_by("IOB2", labels)), torch.randn(2, 3, 3)
    n = torch.tensor([3, 2])
    with pytest.raises(ValueError, match=r"row 1 has tag 0 and then 2 at step 1.*repair"):
        crf(x, torch.tensor([[0, 1, 2], [0, 2, 0]]), n)
    with pytest.raises(ValueError, match="row 0 begins with tag 2"):
        crf(x, torch.tensor([[2, 1, 2], [0, 0, 0]]), n)
    with pytest.raises(ValueError, match="targets go from 0 to 3; expected 0 to 2"):
        crf(x, torch.tensor([[0, 1, 3], [0, 0, 9]]), n)
    assert crf(x, torch.tensor([[0, 1, 2], [1, 2, 2]]), n).isfinite().all()


def test_what_leaves_no_path_is_refused_when_it_is_built():
    with pytest.raises(ValueError, match="no sequence of 1 of the 2 tags is allowed: a tag of the scheme is missing"):
        CRF(2, allowed_by("BMES", ["B", "E"]))
    with pytest.raises(ValueError, match="allowed is for 2 tags; expected 3"):
        CRF(3, Allowed(torch.ones(2, 2).bool(), torch.ones(2).bool(), torch.ones(2).bool()))
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\); expected \(batch, time, 3 tags\)"):
        CRF(3)(torch.randn(2, 3, 4), torch.zeros(2, 3).long(), torch.tensor([3, 3]))


def test_every_score_learns(crf):
    x = torch.randn(8, 5, K, dtype=torch.float64, requires_grad=True)
    crf(x, torch.randint(0, K, (8, 5)), torch.randint(1, 6, (8,))).sum().backward()
    for value in (x, *crf.parameters()):
        assert value.grad.isfinite().all()
        assert value.grad.abs().max() > 0


def test_a_row_of_which_no_tag_is_known_has_no_loss_and_no_gradient():
    crf = CRF(3, allowed_by("IOB2", ["I-X", "O", "B-X"]))  # the filler's tag 0 may not begin a sentence
    x = torch.randn(2, 3, 3, requires_grad=True)
    known = torch.tensor([[True] * 3, [False] * 3])
    losses = crf(x, torch.tensor([[2, 0, 1], [0, 0, 0]]), torch.tensor([3, 1]), known)
    assert losses[0] > 0 == losses[1]
    (losses * torch.tensor([1.0, 0.0])).sum().backward()
    assert x.grad[1].eq(0).all()
    assert all(value.grad.isfinite().all() for value in (x, *crf.parameters()))


@torch.no_grad()
def test_decoding_can_be_held_to_what_is_allowed(crf):
    x, n, legal = torch.randn(1, 4, K, dtype=torch.float64), torch.tensor([4]), allowed_by("IOB2", ["O", "B-X", "I-X"])
    crf.transitions[0, 2] = crf.start[2] = 9.0
    scores = {
        tuple(tags.tolist()): float(-crf(x, tags[None], n))
        for tags in every(4)
        if not illegal_steps([["O", "B-X", "I-X"][tag] for tag in tags], "IOB2")
    }
    assert tuple(crf.decode(x, n, legal)[0].tolist()) == max(scores, key=scores.__getitem__)
    assert crf.decode(x, n)[0, 0] == 2


def test_marginals_are_there_within_inference(crf):
    x, n = torch.randn(2, 4, K, dtype=torch.float64), torch.tensor([4, 2])
    expected = crf.marginals(x, n)
    with torch.inference_mode():
        close(crf.marginals(x, n), expected)
        far = crf.marginals(x * 1e4, n)
    close(far.sum(2)[0], torch.ones(4, dtype=torch.float64))
