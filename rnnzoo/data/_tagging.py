"""What datasets of tagged sentences share: legal tags, labels, vocabulary, encoding, and a cache of all of it."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import numpy as np

from rnnzoo import tag_schemes
from rnnzoo.contracts import Spec
from rnnzoo.data import _conll, _tag_codec, _tagged_rows, _tagged_sentences, text
from rnnzoo.data._base import SPLITS
from rnnzoo.data._cache import Arrays, pack_strings, unpack_strings
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._encoded import EncodedData
from rnnzoo.data._tag_codec import TagCodec, characters_of, check_tokenizer, normalised
from rnnzoo.data._tagged_rows import TaggedSequences, WordTable
from rnnzoo.data._tagged_sentences import TaggedSentence, digest, distinct, labels_of, prepare
from rnnzoo.registry import unknown
from rnnzoo.tag_schemes import check_scheme

ILLEGAL = ("repair", "refuse")

log = logging.getLogger(__name__)


class TaggedData(EncodedData[dict[str, list[TaggedSentence]]]):
    """A tag for every step of a sentence.

    A concrete dataset says where its sentences come from (``read``), what they depend on (``key``), the scheme of their
    tags, and what a step of raw text is (``tokenizer``).

    Args:
        scheme: of the tags that are read: "IOB1", "IOB2", "BIOES", "BMES", or "none" where a tag is a plain class.
        learn: the scheme of the tags that are learned; ``None``: the same.
        illegal: what becomes of tags that stand where the scheme does not allow them: "repair", so that the spans that
            conlleval sees in them stay and the tags are legal, or "refuse". The repaired are counted (``repaired``).
        vocabulary_size: at most this many words of the training sentences, besides [PAD] and [UNK]; ``None``: all.
        minimum_count: words that occur less often in the training sentences are [UNK].
        lower: words are looked up in lower case (characters stay as they are).
        digits: every digit of a word is looked up as 0.
        characters: at most so many characters of each word are features, the first half and the last; 0: none are.
        max_length: sentences with more steps are refused; ``None``: all are taken.
        tokenizer: of raw text, "blanks", "words" or "characters".
        positions: words are characters with their place in a segmented word, as in "学1".
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError, UnknownName: a setting outside what is said here.
    """

    version = 1
    code = (text, tag_schemes, _conll, _tag_codec, _tagged_rows, _tagged_sentences)

    def __init__(
        self,
        *,
        scheme: str,
        learn: str | None = None,
        illegal: str = "repair",
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        lower: bool = False,
        digits: bool = False,
        characters: int = 0,
        max_length: int | None = None,
        tokenizer: str = "blanks",
        positions: bool = False,
        **loading: Any,
    ) -> None:
        super().__init__(**loading)
        check_scheme(scheme)
        check_tokenizer(tokenizer)
        self.learn = check_scheme(scheme if learn is None else learn)
        if (scheme == "none") != (self.learn == "none"):
            raise ValueError(f"scheme is {scheme!r} and learn {learn!r}; expected both to mark spans, or neither.")
        if illegal not in ILLEGAL:
            raise unknown("way with illegal tags", illegal, ILLEGAL)
        check_positive(minimum_count=minimum_count)
        check_positive_or_none(vocabulary_size=vocabulary_size, max_length=max_length)
        if characters < 0:
            raise ValueError(f"characters is {characters}; expected how many of a word, or 0 for none.")
        self.scheme = scheme
        self.illegal = illegal
        self.vocabulary_size = vocabulary_size
        self.minimum_count = minimum_count
        self.lower = lower
        self.digits = digits
        self.characters = characters
        self.max_length = max_length
        self.tokenizer = tokenizer
        self.positions = positions

    @property
    def spec(self) -> Spec:
        """Tokens in, tags out; makes the vocabulary, or finds it in the cache."""
        labels = self._strings("labels")
        spec = Spec(
            kind="tags",
            input="tokens",
            input_size=len(self._encoded["vocabulary_ends"]),
            output_size=len(labels),
            labels=labels,
            padding_id=text.PAD,
            streaming=False,
            version=self.version,
            scheme=self.learn,
        )
        if self.characters:
            spec["characters"] = len(self._encoded["characters_ends"])
        if "intents" in self._encoded:
            spec["intents"] = self._strings("intents")
        return spec

    @property
    def repaired(self) -> dict[str, int]:
        """How many tags of each split were illegal and are others now."""
        return dict(zip(SPLITS, self._encoded["repaired"].tolist(), strict=True))

    def codec_state(self) -> dict[str, Any]:
        """The state of the ``TagCodec`` that encodes as this dataset does."""
        return self._codec(
            self._strings("vocabulary"), self._strings("characters") if self.characters else None
        ).state()

    def build_splits(self) -> dict[str, TaggedSequences]:
        """The encoded sentences."""
        arrays = self._encoded
        table = WordTable(arrays["tokens"], arrays.get("table"))
        return {
            split: TaggedSequences(
                arrays[f"{split}_words"],
                arrays[f"{split}_lengths"],
                arrays[f"{split}_tags"],
                table,
                arrays.get(f"{split}_intents"),
            )
            for split in SPLITS
        }

    def settings(self) -> dict[str, Any]:
        """Those of tags, words and characters."""
        return {
            "tags": [self.scheme, self.learn, self.illegal],
            "vocabulary": [self.vocabulary_size, self.minimum_count, self.lower, self.digits],
            "characters": [self.characters, self.tokenizer, self.positions],
            "max_length": self.max_length,
        }

    def _codec(self, vocabulary: list[str], characters: list[str] | None) -> TagCodec:
        return TagCodec(
            vocabulary, self.tokenizer, self.lower, self.digits, characters, max(1, self.characters), self.positions
        )

    def _load(self) -> Arrays:
        arrays = super()._load()
        self._report(arrays)
        return arrays

    def _report(self, arrays: Arrays) -> None:
        """Say what was repaired, and which labels no model can learn."""
        counts = dict(zip(SPLITS, arrays["repaired"].tolist(), strict=True))
        if any(counts.values()):
            shown = ", ".join(f"{number} of {split}" for split, number in counts.items() if number)
            log.warning(
                "%s: tags that %s does not allow where they stand: %s; repaired, the spans being those that conlleval "
                "sees. (illegal='refuse' names the first one.)", type(self).__name__, self.scheme, shown
            )  # fmt: skip
        strange = unpack_strings(arrays["strange"], arrays["strange_ends"])
        if strange:
            log.warning(
                "%s: in no training sentence, and so never predicted: %s.", type(self).__name__, ", ".join(strange)
            )

    def encode(self, raw: dict[str, list[TaggedSentence]]) -> Arrays:
        """Vocabulary, characters, labels, and the numbers of words and tags of all splits, as arrays."""
        refuse = self.illegal == "refuse"
        parts = {split: prepare(raw[split], self.scheme, self.learn, refuse, self.max_length) for split in SPLITS}
        counts = Counter(word for words in parts["train"].words for word in words)
        looked_up: Counter[str] = Counter()
        for word, count in counts.items():
            looked_up[normalised(word, self.lower, self.digits)] += count
        vocabulary = text.build_vocabulary(looked_up, self.vocabulary_size, self.minimum_count)
        letters: Counter[str] = Counter()
        for word, count in counts.items():
            letters.update(dict.fromkeys(characters_of(word, self.positions), count))
        characters = text.build_vocabulary(letters) if self.characters else None
        seen = dict.fromkeys(word for part in parts.values() for words in part.words for word in words)
        number = {word: i for i, word in enumerate(seen, start=1)}
        table = self._codec(vocabulary, characters).table(list(seen))
        arrays: Arrays = {"digest": np.frombuffer(digest(parts), dtype=np.uint8), "tokens": table.tokens}
        arrays["repaired"] = np.array([part.repaired for part in parts.values()])
        if table.characters is not None:
            arrays["table"] = table.characters
        labels, strange = labels_of(parts, self.learn)
        names = {"vocabulary": vocabulary, "characters": characters or [], "labels": labels}
        intents = distinct(part.intents for part in parts.values())
        if intents != [""]:
            names["intents"] = intents
            strange += [each for each in intents if each not in set(parts["train"].intents)]
        for name, strings in {**names, "strange": strange}.items():
            arrays[name], arrays[f"{name}_ends"] = pack_strings(strings)
        label, intent = ({name: i for i, name in enumerate(given)} for given in (labels, intents))
        for split, part in parts.items():
            arrays[f"{split}_lengths"] = np.array([len(words) for words in part.words], np.int64)
            arrays[f"{split}_words"] = np.array([number[word] for words in part.words for word in words], np.int32)
            arrays[f"{split}_tags"] = np.array([label[tag] for tags in part.tags for tag in tags], np.int64)
            if intents != [""]:
                arrays[f"{split}_intents"] = np.array([intent[each] for each in part.intents], np.int64)
        return arrays
