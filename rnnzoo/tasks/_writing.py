"""What tasks share whose model writes a target token by token: how it is trained, measured and asked.

The loss is the cross entropy of each target token, the end token with it, in nats. It, the perplexity and, on
validation data, exact match are measured with the true tokens before each step: a target is what the greedy search
finds exactly if at each of its steps the true token is the likeliest. On test data the model writes by itself, and what
it wrote is compared: exact match, BLEU ("bleu" as the settings say, "bleu_tokenised" of lower-case words between
blanks) and chrF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, PairBatch, Spec
from rnnzoo.metrics import Perplexity
from rnnzoo.modules.greedy_search import Hypothesis
from rnnzoo.registry import unknown
from rnnzoo.tasks._answers import Answer, AttentionMap, answer, words
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._corpus_scores import Bleu, Chrf
from rnnzoo.tasks._raw import create_codec, encoded, evaluating
from rnnzoo.tasks._text_tokens import text_tokens

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEARCHES = ("greedy", "beam")
METRICS = (
    MetricSpec("exact_match", "fraction", True),
    MetricSpec("loss", "nats", False),
    MetricSpec("perplexity", "tokens", False),
    MetricSpec("bleu", "BLEU", True),
    MetricSpec("bleu_tokenised", "BLEU", True),
    MetricSpec("chrf", "chrF", True),
)
WRITTEN = ("bleu", "bleu_tokenised", "chrf")
"""Metrics of texts that the model wrote by itself."""
PICTURED = 60
"""Steps of the longest source whose attention is drawn."""
SPARE = 10
"""Tokens that a target may have beyond ``longest_ratio`` times its source."""


class WritingTask(SequenceTask):
    """Two blanks more than a task's are to be filled in: ``outputs_of(batch)``, logits (B, M, V), and ``write``.

    Args:
        spec: the datamodule's, with ``begin``, ``end`` and ``target_padding_id``.
        label_smoothing: share of a target's probability that is spread over all tokens, in training.
        evaluate_by: "greedy" or "beam": how the model writes for test data and where it is asked.
        beam, length_penalty, coverage_penalty: of the beam search, see ``modules.beam_search``.
        longest, longest_ratio: what is written has at most ``longest`` tokens, and ``longest_ratio`` times its source's
            steps plus 10.
        decode_validation: write, greedily, on validation data, too, which takes long: BLEU can be monitored then.
        bleu_tokenize, bleu_lowercase: of "bleu", see ``tasks._corpus_scores``.
        optimization: see ``SequenceTask``.

    Attributes:
        signatures: how BLEU and chrF are counted, as sacrebleu says it.

    Raises:
        UnknownName: no such search or tokenisation.
        ValueError: the spec lacks a token, or a number is out of range.
    """

    metric_specs = METRICS

    def __init__(
        self,
        spec: Spec,
        *,
        label_smoothing: float,
        evaluate_by: str,
        beam: int,
        length_penalty: float,
        coverage_penalty: float,
        longest: int,
        longest_ratio: float,
        decode_validation: bool,
        bleu_tokenize: str,
        bleu_lowercase: bool,
        **optimization: Any,
    ) -> None:
        if evaluate_by not in SEARCHES:
            raise unknown("evaluate_by", evaluate_by, SEARCHES)
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing is {label_smoothing}; expected a share from 0 to below 1.")
        if beam < 1 or longest < 1 or longest_ratio < 0:
            raise ValueError(
                f"beam is {beam}, longest {longest}, longest_ratio {longest_ratio}; expected 1, 1 and 0 or more."
            )
        self.counting = (bleu_tokenize, bleu_lowercase)
        super().__init__(spec, **optimization)
        self.begin, self.end, self.padding, never = text_tokens(self.spec)
        self.register_buffer("never", never, persistent=False)
        self.never: Tensor
        self.label_smoothing = label_smoothing
        self.beam = beam if evaluate_by == "beam" else 0
        self.penalties = {"length_penalty": length_penalty, "coverage_penalty": coverage_penalty}
        self.longest, self.longest_ratio = longest, longest_ratio
        self.decode_validation = decode_validation
        self.signatures: dict[str, str] = {name: self._meter("test", name).signature for name in WRITTEN}

    def write(self, batch: PairBatch, beam: int, **options: Any) -> list[list[Hypothesis]]:
        """The hypotheses for the sources of a batch: greedily where ``beam`` is 0; options are of the search."""
        raise NotImplementedError(f"{type(self).__name__} has no write().")

    def losses(self, outputs: Tensor, batch: PairBatch) -> Tensor:
        """The cross entropy of each token (B, M), in nats; in training with the labels smoothed."""
        smoothing = self.label_smoothing if self.training else 0.0
        return F.cross_entropy(outputs.transpose(1, 2), batch.targets, reduction="none", label_smoothing=smoothing)

    def metrics_in(self, split: str) -> tuple[MetricSpec, ...]:
        """All in the test data; in validation data those of written texts only with ``decode_validation``."""
        return tuple(one for one in METRICS if self._writes(split) or one.name not in WRITTEN)

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Counts for BLEU and chrF, exp(mean) for perplexity, else a mean."""
        tokenize, lowercase = self.counting
        if metric.name == "bleu":
            return Bleu(tokenize, lowercase)
        if metric.name == "bleu_tokenised":
            return Bleu("none", lowercase=True)
        if metric.name == "chrf":
            return Chrf()
        return Perplexity() if metric.name == "perplexity" else super().create_meter(metric)

    def measures(self, outputs: Tensor, batch: PairBatch) -> dict[str, Any]:
        """Perplexity a token; exact match a row; and the texts, where they are written."""
        real = batch.weights.amax(dim=1) > 0  # (B,)
        found: dict[str, Any] = {"perplexity": self.losses(outputs, batch)}
        if not self._writes(self.measured_split):
            likeliest = outputs.index_fill(-1, self.never, -torch.inf).argmax(dim=-1)  # (B, M)
            right = ((likeliest == batch.targets) | (batch.weights == 0)).all(dim=1)  # (B,)
            within = batch.lengths.to(right.device) <= self._limits(batch)
            return {**found, "exact_match": (right & within, real.float())}
        rows = real.nonzero()[:, 0].tolist()
        written = [best[0] for best in self.search(batch, None if self.measured_split == "test" else 0)]
        targets = [
            row[: length - 1].tolist() for row, length in zip(batch.targets, batch.lengths.tolist(), strict=True)
        ]
        right = [one.ended and one.tokens == target for one, target in zip(written, targets, strict=True)]
        codec = None if self.codec is None else create_codec(self.codec)
        texts = [words(written[row].tokens, codec) for row in rows], [words(targets[row], codec) for row in rows]
        exact = torch.tensor(right, device=real.device), real.float()
        return {**found, "exact_match": exact, **dict.fromkeys(WRITTEN, texts)}

    def search(
        self, batch: PairBatch, beam: int | None = None, n_best: int = 1, **options: Any
    ) -> list[list[Hypothesis]]:
        """The best targets for the sources of a batch.

        Args:
            beam: how wide, 0: greedily; ``None``: as the task was built.
            n_best: how many for each source, at most as many as the beam is wide.
            options: ``attention=True`` keeps the weights.

        Raises:
            ValueError: ``n_best`` is above the beam.
        """
        beam = self.beam if beam is None else beam
        if beam:
            options |= {"n_best": n_best, **self.penalties}
        elif n_best > 1:
            raise ValueError(f"n_best is {n_best} and the search is greedy, which finds one; give a beam of so many.")
        options |= {"begin": self.begin, "end": self.end, "limits": self._limits(batch), "never": self.never}
        return self.write(batch, beam, **options)

    def answers(self, outputs: Any, batch: PairBatch) -> list[Answer]:
        """The text that the model writes for each source."""
        codec = None if self.codec is None else create_codec(self.codec)
        return [answer(found, codec) for found in self.search(batch, attention=True)]

    @torch.inference_mode()
    def predict(self, raw: list[Any], batch_size: int = 256, beam: int | None = None, n_best: int = 1) -> list[Answer]:
        """Answers for raw sources, in their order, on the device where the model is.

        Args:
            raw: what the codec of the data encodes.
            batch_size: how many are encoded and answered at a time.
            beam, n_best: see ``search``.

        Raises:
            ValueError: there is no codec, ``raw`` is a single string, or a number is out of range.
        """
        parts = encoded(self, raw, batch_size)
        found: list[Answer] = []
        with evaluating(self):
            for _, codec, batch in parts:
                found += [answer(best, codec) for best in self.search(batch, beam, n_best, attention=True)]
        return found

    def attention_map(self, raw: Any) -> AttentionMap | None:
        """Which steps of a single source counted for each token of the answer; ``None`` without attention.

        Raises:
            ValueError: there is no codec, or it cannot read the source.
        """
        (found,) = self.predict([raw])
        if found.attention is None:
            return None
        steps = create_codec(self.codec).source_tokens(raw)
        return AttentionMap(found.text, steps, found.tokens, found.attention)

    @torch.no_grad()
    def pictures(self, batch: PairBatch) -> dict[str, Figure]:
        """ "attention", a map of the first source of tokens that is short enough to be read; none without attention."""
        from rnnzoo.figures import alignment

        short = (batch.weights.cpu().amax(dim=1) > 0) & (batch.source_lengths <= PICTURED)
        rows = short.nonzero()[:1, 0]
        if self.spec["input"] != "tokens" or self.codec is None or not len(rows):
            return {}
        chosen = batch._replace(source=batch.source[rows], source_lengths=batch.source_lengths[rows])
        codec = create_codec(self.codec)
        found = answer(self.search(chosen, attention=True)[0], codec)
        if found.attention is None:
            return {}
        steps = codec.decode(chosen.source[0, : int(chosen.source_lengths[0])].tolist())
        weights = [row[: len(steps)] for row in found.attention]
        return {"attention": alignment(steps, found.tokens, weights, title=f"“{found.text}”")}

    def _writes(self, split: str) -> bool:
        return split == "test" or self.decode_validation

    def _limits(self, batch: PairBatch) -> Tensor:
        """(B,), the tokens that may be written for each source."""
        limits = (batch.source_lengths * self.longest_ratio).long() + SPARE
        return limits.clamp(max=self.longest).to(self.device)
