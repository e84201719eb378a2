"""Pretrained word vectors for a task's embedding: taken from the datamodule once, before the training begins."""

from __future__ import annotations

import logging
from typing import Any

from torch import nn

from rnnzoo.contracts import WordVectors
from rnnzoo.modules.embedding import Embedding

log = logging.getLogger(__name__)


class WordVectorStart:
    """Fills an embedding when a training begins, unless weights were loaded into the task before.

    A training that goes on from a checkpoint, or that refines a loaded model, keeps the weights that were loaded.

    Args:
        task: owns the embedding.
        embedding: a learned table of tokens.
        source: a path, or an address with a checksum; ``None``: nothing is filled in.
        frozen: the table is not trained.

    Raises:
        ValueError: ``frozen`` without a source, or an embedding that is no learned table of tokens.
    """

    def __init__(self, task: nn.Module, embedding: Embedding, source: str | None, frozen: bool) -> None:
        self.source = source
        self.embedding = [embedding]  # in a list, so that the task's is not the child of two modules
        self.done = source is None
        if source is None:
            if frozen:
                raise ValueError(
                    "embedding_frozen is True without embedding_vectors; random vectors are to be trained."
                )
            return
        if embedding.input != "tokens" or embedding.kind != "learned":
            raise ValueError(
                f"embedding_vectors is {source} with embedding '{embedding.kind}' of input '{embedding.input}'; "
                "expected a learned embedding of tokens."
            )
        if frozen:
            embedding.requires_grad_(False)
        task.register_load_state_dict_post_hook(self._loaded)

    def _loaded(self, *_: Any) -> None:
        self.done = True

    def begin(self, data: Any, tell: bool = True) -> None:
        """Fill the embedding from ``data.word_vectors(source)``, the first time.

        Args:
            data: the datamodule.
            tell: say how many words have a vector.

        Raises:
            ValueError: the data has no words, or the vectors are of another width than the embedding.
        """
        if self.done:
            return
        if not callable(getattr(data, "word_vectors", None)):
            raise ValueError(
                f"embedding_vectors is {self.source}, and {type(data).__name__} has no words that these could be "
                "vectors of; leave it out, or train on a dataset of texts."
            )
        vectors: WordVectors = data.word_vectors(self.source)
        self.embedding[0].set_vectors(vectors.values, vectors.known)
        self.done = True
        if tell:
            log.warning(
                "%s of %s words, %.1f %% of the training tokens, have a vector in %s; the others begin at random.",
                f"{int(vectors.known.sum()):,}", f"{len(vectors.known):,}", 100 * vectors.share, vectors.source,
            )  # fmt: skip
