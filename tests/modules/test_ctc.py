"""CTC against its definition: every path of labels written down, what it says, and its probability."""

import itertools
from collections import defaultdict

import pytest
import torch
from tolerances import close

from rnnzoo.modules.ctc import align, ctc_losses
from rnnzoo.modules.ctc_decoding import best_paths, prefix_search

T, V = 5, 4


def said(path):
    """What a path says: repeated labels joined, blanks taken away."""
    return tuple(label for label, _ in itertools.groupby(path) if label)


def begins(path):
    """The steps at which the labels of a path begin."""
    return [t for t, label in enumerate(path) if label and (t == 0 or path[t - 1] != label)]


def random_steps(seed, steps=T, labels=V):
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(steps, labels, generator=generator, dtype=torch.float64)).log_softmax(-1)


def enumerated(log_probabilities):
    """Of every transcript: the probability of its paths, and the likeliest of them."""
    totals, best = defaultdict(float), {}
    for path in itertools.product(range(log_probabilities.shape[1]), repeat=len(log_probabilities)):
        p = float(log_probabilities[range(len(path)), list(path)].sum().exp())
        totals[said(path)] += p
        if said(path) not in best or p > best[said(path)][0]:
            best[said(path)] = (p, path)
    return totals, best


def padded(rows, width):
    return torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])


def test_the_loss_is_minus_the_logarithm_of_the_probability_of_all_paths():
    p = random_steps(0)
    totals, _ = enumerated(p)
    assert sum(totals.values()) == pytest.approx(1)
    transcripts = sorted(totals)
    losses = ctc_losses(p.expand(len(transcripts), T, V), torch.full((len(transcripts),), T), padded(transcripts, T))
    close(losses, torch.tensor([totals[each] for each in transcripts], dtype=torch.float64).log().neg())


def test_a_row_has_the_loss_that_it_has_alone_whatever_stands_beyond_its_end():
    p = torch.stack([random_steps(1), random_steps(2)])
    targets, lengths = padded([(1, 2), (3,)], 4), torch.tensor([5, 2])
    together = ctc_losses(p, lengths, targets)
    close(together[1:], ctc_losses(p[1:, :2], lengths[1:], targets[1:, :1]))
    p[1, 2:] = -7
    close(ctc_losses(p, lengths, targets), together)


def test_an_empty_transcript_is_all_blanks():
    p = random_steps(3)
    close(ctc_losses(p[None], torch.tensor([T]), torch.zeros(1, 1, dtype=torch.int64)), -p[:, 0].sum()[None])


def test_gradients_are_those_of_numbers():
    logits = torch.randn(2, 4, V, dtype=torch.float64, requires_grad=True)
    targets, lengths = padded([(1, 1), (2,)], 2), torch.tensor([4, 3])
    assert torch.autograd.gradcheck(lambda x: ctc_losses(x.log_softmax(-1), lengths, targets), logits)


@pytest.mark.parametrize(
    ("targets", "lengths", "told"),
    [
        ([[1, 2, 3, 1]], [3], "row 0 of the batch has 3 steps and a transcript of 4 labels, which needs at least 4"),
        ([[1, 2], [1, 1]], [2, 2], "row 1 .* 2 steps .* needs at least 3"),
        ([[4]], [2], "from 4 to 4; expected labels from 1 to 3"),
        ([[-1]], [2], "from -1 to -1"),
        ([[1, 0, 2]], [5], "blank, between its labels"),
    ],
)
def test_what_the_steps_cannot_say_is_refused(targets, lengths, told):
    p = random_steps(0).expand(len(targets), T, V)
    with pytest.raises(ValueError, match=told):
        ctc_losses(p, torch.tensor(lengths), torch.tensor(targets))


@pytest.mark.parametrize("seed", range(4))
def test_the_best_path_says_what_the_definition_takes_from_it(seed):
    p = torch.stack([random_steps(seed, 40), random_steps(seed + 50, 40)])
    lengths = torch.tensor([40, 23])
    for row, (path, length) in enumerate(zip(best_paths(p, lengths), lengths.tolist(), strict=True)):
        labels = p[row, :length].argmax(-1).tolist()
        assert tuple(path.labels) == said(labels)
        assert path.steps == begins(labels)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_that_holds_all_prefixes_finds_every_transcript_with_its_probability(seed):
    lengths = [T, 3, 1]
    p = torch.stack([random_steps(seed + 100 * row) for row in range(3)])
    found = prefix_search(p, torch.tensor(lengths), beam=400)
    for row, (prefixes, length) in enumerate(zip(found, lengths, strict=True)):
        totals, _ = enumerated(p[row, :length])
        assert {tuple(one.labels) for one in prefixes} == set(totals)
        for one in prefixes:
            assert one.log_probability == pytest.approx(torch.tensor(totals[tuple(one.labels)]).log().item(), abs=1e-5)
        assert [one.log_probability for one in prefixes] == sorted(
            (one.log_probability for one in prefixes), reverse=True
        )


def narrow(p, beam):
    """The search of Hannun et al., algorithm 1, prefix by prefix in dicts."""
    held = {(): (1.0, 0.0)}
    for step in p.exp().tolist():
        grown = defaultdict(lambda: [0.0, 0.0])
        for prefix, (blank, label) in held.items():
            grown[prefix][0] += (blank + label) * step[0]
            if prefix:
                grown[prefix][1] += label * step[prefix[-1]]
            for c in range(1, len(step)):
                same = prefix and prefix[-1] == c
                grown[(*prefix, c)][1] += (blank if same else blank + label) * step[c]
        best = sorted(grown, key=lambda prefix: -sum(grown[prefix]))[:beam]
        held = {prefix: tuple(grown[prefix]) for prefix in best}
    return [(list(prefix), sum(held[prefix])) for prefix in held if sum(held[prefix]) > 0]


@pytest.mark.parametrize("beam", [1, 2, 3, 8, 30])
def test_a_narrow_beam_keeps_what_the_published_search_keeps(beam):
    p = torch.stack([random_steps(seed, 12) for seed in range(3)])
    lengths = torch.tensor([12, 7, 1])
    for row, prefixes in enumerate(prefix_search(p, lengths, beam)):
        expected = narrow(p[row, : lengths[row]], beam)
        assert [one.labels for one in prefixes] == [labels for labels, _ in expected]
        probabilities = torch.tensor([one.log_probability for one in prefixes]).exp()
        torch.testing.assert_close(probabilities, torch.tensor([p for _, p in expected]), rtol=1e-4, atol=1e-9)


def test_all_paths_together_may_say_something_else_than_the_best_one():
    p = torch.tensor([[0.6, 0.4], [0.6, 0.4]], dtype=torch.float64).log()[None]
    assert best_paths(p, torch.tensor([2]))[0].labels == []  # 0.36
    best, second = prefix_search(p, torch.tensor([2]), beam=2)[0]
    assert (best.labels, second.labels) == ([1], [])  # 0.64 = 0.16 + 0.24 + 0.24
    assert torch.tensor(best.log_probability).exp() == pytest.approx(0.64)


@pytest.mark.parametrize("seed", range(3))
def test_labels_begin_where_the_likeliest_path_that_says_them_has_them(seed):
    p = random_steps(seed)
    for labels, (_, path) in enumerated(p)[1].items():
        assert align(p, list(labels)) == begins(path), labels


def test_a_beam_of_none_and_a_transcript_that_does_not_fit_are_refused():
    with pytest.raises(ValueError, match="beam is 0"):
        prefix_search(random_steps(0)[None], torch.tensor([T]), beam=0)
    with pytest.raises(ValueError, match="needs at least 7"):
        align(random_steps(0), [1, 1, 1, 1])
