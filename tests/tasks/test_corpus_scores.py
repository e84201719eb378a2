"""BLEU and chrF from counts are sacrebleu's of the whole corpus, however it is divided."""

import random

import pytest
import sacrebleu

from rnnzoo.registry import UnknownName
from rnnzoo.tasks._corpus_scores import Bleu, Chrf

WORDS = ["the", "The", "a", "man", "rides", "his", "bike", ",", ".", "don't", "it's", "3.5%", "house!", "机器", "éà"]


def corpus(seed, rows=60):
    """References, and hypotheses that have some of their words exchanged, lost or doubled; some are empty."""
    draw = random.Random(seed)
    references = [[draw.choice(WORDS) for _ in range(draw.randint(1, 14))] for _ in range(rows)]
    hypotheses = []
    for words in references:
        kept = [draw.choice(WORDS) if draw.random() < 0.3 else word for word in words if draw.random() < 0.9]
        hypotheses.append(kept + kept[:1] * draw.randint(0, 2))
    return [" ".join(words) for words in hypotheses], [" ".join(words) for words in references]


def summed(meter, hypotheses, references, sizes):
    """The score where batches of these sizes are counted in turn, in the end a merged second meter's."""
    start = 0
    for size in sizes:
        meter.update(hypotheses[start : start + size], references[start : start + size])
        start += size
    meter.update(hypotheses[start:], references[start:])
    return float(meter.compute())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("tokenize", "lowercase"), [("13a", True), ("13a", False), ("none", True), ("char", False)])
def test_bleu_is_sacrebleus_of_the_whole(seed, tokenize, lowercase):
    hypotheses, references = corpus(seed)
    whole = sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    expected = whole.corpus_score(hypotheses, [references]).score
    meter = Bleu(tokenize, lowercase)
    assert summed(meter, hypotheses, references, (1, 7, 0, 20)) == pytest.approx(expected, abs=1e-9)
    assert 1 < expected < 99
    assert meter.n == len(references)
    assert meter.signature == str(whole.get_signature())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lowercase", [True, False])
def test_chrf_is_sacrebleus_of_the_whole(seed, lowercase):
    hypotheses, references = corpus(seed)
    whole = sacrebleu.CHRF(lowercase=lowercase)
    expected = whole.corpus_score(hypotheses, [references]).score
    meter = Chrf(lowercase)
    assert summed(meter, hypotheses, references, (1, 7, 0, 20)) == pytest.approx(expected, abs=1e-9)
    assert 1 < expected < 99
    assert meter.signature == str(whole.get_signature())


@pytest.mark.parametrize(
    ("hypotheses", "references"),
    [(["a b c d e"], ["a b c d e"]), (["", "x"], ["a b", "c"]), (["a b"], ["a c"]), (["ab"], ["abcdefgh"])],
    ids=["the same", "nothing in common", "no pair of words", "no long n-gram"],
)
def test_the_edges_are_sacrebleus(hypotheses, references):
    bleu, chrf = Bleu(), Chrf()
    for meter in (bleu, chrf):
        meter.update(hypotheses, references)
    assert float(bleu.compute()) == pytest.approx(sacrebleu.corpus_bleu(hypotheses, [references]).score, abs=1e-9)
    assert float(chrf.compute()) == pytest.approx(sacrebleu.corpus_chrf(hypotheses, [references]).score, abs=1e-9)


def test_what_cannot_be_counted_is_told():
    with pytest.raises(UnknownName, match="13a"):
        Bleu("13b")
    with pytest.raises(ValueError, match="2 hypotheses for 1 references"):
        Bleu().update(["a", "b"], ["a"])
    with pytest.warns(UserWarning, match="before"), pytest.raises(ValueError, match="over no sentence at all"):
        Chrf().compute()
