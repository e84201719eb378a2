"""BLEU and chrF of a whole corpus from counts that add up over batches and processes, in any order.

The values and the signatures are those of sacrebleu's ``corpus_bleu`` and ``corpus_chrf`` with one reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from rnnzoo.registry import unknown

BLEU_ORDER = 4
CHRF_ORDER, CHRF_BETA = 6, 2


class _CorpusScore(Metric):
    """Counts of a corpus.

    Attributes:
        n: sentences, when it was last computed.
    """

    full_state_update = False
    counts: Tensor
    sentences: Tensor
    n: int = 0

    def __init__(self, counts: int) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(counts, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("sentences", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def count(self, hypotheses: Sequence[str], references: Sequence[str]) -> list[int]:
        """The counts of a batch."""
        raise NotImplementedError(f"{type(self).__name__} does not count.")

    def score(self, counts: list[int]) -> float:
        """0 to 100."""
        raise NotImplementedError(f"{type(self).__name__} has no score.")

    def update(self, hypotheses: Sequence[str], references: Sequence[str]) -> None:
        """Add the sentences of a batch, each with its reference.

        Raises:
            ValueError: there are more of one than of the other.
        """
        if len(hypotheses) != len(references):
            raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references; expected as many.")
        if hypotheses:
            self.counts += torch.tensor(self.count(hypotheses, references), device=self.counts.device)
            self.sentences += len(hypotheses)

    def compute(self) -> Tensor:
        """The score so far.

        Raises:
            ValueError: no sentence has been seen.
        """
        self.n = int(self.sentences)
        if not self.n:
            raise ValueError("a score was asked for over no sentence at all; expected at least one.")
        return torch.tensor(self.score(self.counts.tolist()), dtype=torch.float64)


class Bleu(_CorpusScore):
    """K. Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002.

    Args:
        tokenize: sacrebleu's name of how words are told apart: "13a", "none" (by blanks, for what is tokenised
            already), "intl", "zh", "char", ...
        lowercase: compare in lower case.

    Attributes:
        signature: sacrebleu's.

    Raises:
        UnknownName: no such tokenisation.
    """

    def __init__(self, tokenize: str = "13a", lowercase: bool = False) -> None:
        super().__init__(2 + 2 * BLEU_ORDER)
        from sacrebleu.metrics import BLEU

        if tokenize not in BLEU.TOKENIZERS:
            raise unknown("BLEU tokenisation", tokenize, list(BLEU.TOKENIZERS))
        self.bleu: Any = BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
        self.bleu.num_refs = 1
        self.signature = str(self.bleu.get_signature())

    def count(self, hypotheses: Sequence[str], references: Sequence[str]) -> list[int]:
        """Words of hypotheses and references, then the matches and the n-grams of each order."""
        found = self.bleu.corpus_score(list(hypotheses), [list(references)])
        return [found.sys_len, found.ref_len, *found.counts, *found.totals]

    def score(self, counts: list[int]) -> float:
        """BLEU, 0 to 100; an order without a match is smoothed exponentially, as sacrebleu does by itself."""
        words, expected, matches, totals = counts[0], counts[1], counts[2 : 2 + BLEU_ORDER], counts[2 + BLEU_ORDER :]
        return self.bleu.compute_bleu(matches, totals, words, expected, smooth_method="exp").score


class Chrf(_CorpusScore):
    """M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; orders 1 to 6, beta 2.

    Args:
        lowercase: compare in lower case.

    Attributes:
        signature: sacrebleu's.
    """

    def __init__(self, lowercase: bool = False) -> None:
        super().__init__(3 * CHRF_ORDER)
        from sacrebleu.metrics import CHRF

        self.lowercase = lowercase
        chrf: Any = CHRF(char_order=CHRF_ORDER, beta=CHRF_BETA, lowercase=lowercase)
        chrf.num_refs = 1
        self.signature = str(chrf.get_signature())

    def count(self, hypotheses: Sequence[str], references: Sequence[str]) -> list[int]:
        """Of each order: the n-grams of the hypotheses, of the references, and those in common."""
        totals = [0] * (3 * CHRF_ORDER)
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            for n in range(1, CHRF_ORDER + 1):
                made, wanted = self._grams(hypothesis, n), self._grams(reference, n)
                if wanted:  # n-grams that no reference can have are no faults
                    totals[3 * n - 3] += made.total()
                totals[3 * n - 2] += wanted.total()
                totals[3 * n - 1] += (made & wanted).total()
        return totals

    def score(self, counts: list[int]) -> float:
        """chrF, 0 to 100: F of the precisions' and the recalls' means over the orders that there are."""
        orders = [counts[i : i + 3] for i in range(0, len(counts), 3)]
        there = [(made, wanted, both) for made, wanted, both in orders if made and wanted]
        if not any(both for _, _, both in there):
            return 0.0
        precision = sum(both / made for made, _, both in there) / len(there)
        recall = sum(both / wanted for _, wanted, both in there) / len(there)
        return 100 * (1 + CHRF_BETA**2) * precision * recall / (CHRF_BETA**2 * precision + recall)

    def _grams(self, text: str, n: int) -> Counter[str]:
        text = "".join((text.lower() if self.lowercase else text).split())
        return Counter(text[i : i + n] for i in range(len(text) - n + 1))
