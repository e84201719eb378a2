"""From the characters of a word to a vector of it: what prefixes, suffixes and capitals say of words never seen."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.modules.locked_dropout import LockedDropout
from rnnzoo.recurrent import create_layer
from rnnzoo.registry import unknown


class CharacterCNN(nn.Module):
    """A convolution over the characters, and of each filter the greatest value in the word.

    X. Ma and E. Hovy, "End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF", ACL 2016, section 2.1; there 30
    filters over 3 characters of 30 dimensions, of which half are dropped.

    Args:
        size: number of character ids, 0 being padding.
        embedding_size: of a character.
        output_size: O, the number of filters.
        window: characters that a filter sees.
        dropout: share of the characters' embeddings that is dropped while training.

    Raises:
        ValueError: ``window`` is even, or below 1.
    """

    def __init__(
        self, size: int, *, embedding_size: int = 30, output_size: int = 30, window: int = 3, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if window < 1 or window % 2 == 0:
            raise ValueError(f"window is {window}; expected an odd number of characters, such as 3.")
        self.output_size = output_size
        self.embedding = character_embedding(size, embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.filters = nn.Conv1d(embedding_size, output_size, window, padding=window // 2)

    def forward(self, characters: Tensor) -> Tensor:
        """Vectors (B, T, O) of the words' characters (B, T, C); 0 where a word has none."""
        words = characters.flatten(0, 1)  # (B * T, C)
        x = self.dropout(self.embedding(words)).transpose(1, 2)  # (B * T, E, C)
        values = self.filters(x).masked_fill((words == 0)[:, None], -torch.inf).amax(dim=2)  # (B * T, O)
        return values.masked_fill((words[:, :1] == 0), 0).unflatten(0, characters.shape[:2])


class CharacterLSTM(nn.Module):
    """The last states of an LSTM that reads the characters forward and of one that reads them backward.

    G. Lample et al., "Neural Architectures for Named Entity Recognition", NAACL 2016, section 4.1; there 25 dimensions
    of a character and 25 of each direction.

    Args:
        size, embedding_size, dropout: as for `CharacterCNN`; dropped is one mask for all characters of a word.
        output_size: O, of both directions together.

    Raises:
        ValueError: ``output_size`` is odd.
    """

    def __init__(self, size: int, *, embedding_size: int = 25, output_size: int = 50, dropout: float = 0.0) -> None:
        super().__init__()
        if output_size % 2:
            raise ValueError(f"output_size is {output_size}; expected an even number, half of it for each direction.")
        self.output_size = output_size
        self.embedding = character_embedding(size, embedding_size)
        self.dropout = LockedDropout(dropout)
        self.recurrent = create_layer("lstm", embedding_size, output_size // 2, bidirectional=True, batch_first=True)

    def forward(self, characters: Tensor) -> Tensor:
        """Vectors (B, T, O) of the words' characters (B, T, C); 0 where a word has none."""
        words = characters.flatten(0, 1)  # (B * T, C)
        lengths = (words != 0).sum(dim=1)  # (B * T,)
        x = self.dropout(self.embedding(words))  # (B * T, C, E)
        _, (last, _) = self.recurrent(x, lengths=lengths.clamp(min=1).cpu())  # (2, B * T, O / 2)
        values = torch.cat([last[0], last[1]], dim=1)  # (B * T, O)
        return values.masked_fill((lengths == 0)[:, None], 0).unflatten(0, characters.shape[:2])


CHARACTERS: dict[str, type[nn.Module]] = {"cnn": CharacterCNN, "lstm": CharacterLSTM}


def create_characters(name: str, size: int, **options: Any) -> nn.Module | None:
    """The character features called ``name``, ``None`` for "none"; options as of its class.

    Raises:
        UnknownName: with near misses.
    """
    if name == "none":
        return None
    if name not in CHARACTERS:
        raise unknown("character features", name, (*CHARACTERS, "none"))
    return CHARACTERS[name](size, **options)


def character_embedding(size: int, embedding_size: int) -> nn.Embedding:
    """A table of characters' vectors, uniform with variance 1 / ``embedding_size``; that of padding is 0."""
    table = nn.Embedding(size, embedding_size, padding_idx=0)
    bound = (3 / embedding_size) ** 0.5
    with torch.no_grad():
        table.weight.uniform_(-bound, bound)
        table.weight[0] = 0
    return table
