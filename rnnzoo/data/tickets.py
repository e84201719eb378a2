"""Tickets: who goes where, and when; the verb decides whether the same city is the departure or the arrival.

After the example of the teaching text "RNN, Seq2Seq and attention in NLP": of "我一月一号去郑州" and
"我一月一号离开郑州" a network without memory cannot tell what 郑州 is. Here the verb stands behind the city in part
of the sentences, so that one direction is not enough either.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from rnnzoo.data._base import SPLITS
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.data._tagging import TaggedData
from rnnzoo.data._ticket_grammar import GRAMMARS, Choices, Piece, draw_twins
from rnnzoo.registry import DATA, unknown
from rnnzoo.tag_schemes import Span, tags_of

TASKS = ("slots", "segmentation")


@DATA.register(
    "tickets",
    description="booking sentences, Chinese or English: slots that a verb decides, or the borders of the words",
    kind="tags",
    licence="generated",
    source="",
)
class Tickets(TaggedData):
    """Sentences of a grammar, always two that differ in what is arrival and what departure.

    Args:
        language: "zh", whose steps are characters, or "en", whose steps are words.
        task: "slots": departure, arrival and date (IOB2). "segmentation": the borders of Chinese words (BMES).
        behind: the share of sentences in which the verb stands behind the city.
        two: the share with a city of departure and one of arrival.
        undated: the share without a date.
        unseen: validation and test have cities that no training sentence has, a fifth of them each; ``None``: with
            "segmentation" alone.
        invented: the share of the training sentences' cities with invented names, so that there are many names, and
            parts of names that are [UNK], as those that occur less than three times are then; ``None``: a half where
            names are unseen, else none.
        training, validation, test: sentences of each split.
        data_seed: of the generator that chooses the cities of the splits and draws the sentences.
        learn: the scheme of the tags to be learned; ``None``: IOB2 for slots, BMES for segmentation.
        characters: at most so many characters of each word as features; 0: none.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.

    Raises:
        UnknownName: no such language or task.
        ValueError: a share outside [0, 1], an odd number of sentences or none, or the segmentation of English.
    """

    def __init__(
        self,
        language: Literal["zh", "en"] = "zh",
        task: Literal["slots", "segmentation"] = "slots",
        behind: float = 0.5,
        two: float = 0.3,
        undated: float = 0.2,
        unseen: bool | None = None,
        invented: float | None = None,
        training: int = 4000,
        validation: int = 500,
        test: int = 1000,
        data_seed: int = 0,
        learn: str | None = None,
        characters: int = 0,
        batch_size: int = 32,
        eval_batch_size: int | None = 250,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        if language not in GRAMMARS:
            raise unknown("language", language, GRAMMARS)
        if task not in TASKS:
            raise unknown("task of tickets", task, TASKS)
        if task == "segmentation" and language != "zh":
            raise ValueError(
                f"task is 'segmentation' and language {language!r}; expected 'zh', whose words are joined."
            )
        unseen = task == "segmentation" if unseen is None else unseen
        invented = (0.5 if unseen else 0.0) if invented is None else invented
        for name, share in {"behind": behind, "two": two, "undated": undated, "invented": invented}.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; expected a share between 0 and 1.")
        self.rows = dict(zip(SPLITS, (training, validation, test), strict=True))
        for split, rows in self.rows.items():
            if rows < 2 or rows % 2:
                raise ValueError(f"{rows} sentences of {split}; expected an even number, as they are drawn in pairs.")
        super().__init__(
            scheme="IOB2" if task == "slots" else "BMES",
            learn=learn,
            minimum_count=3 if invented else 1,
            lower=language == "en",
            characters=characters,
            tokenizer="characters" if language == "zh" else "words",
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        self.language = language
        self.task = task
        self.behind = behind
        self.two = two
        self.undated = undated
        self.unseen = unseen
        self.invented = invented
        self.data_seed = data_seed

    def places(self) -> dict[str, tuple[str, ...]]:
        """The cities of each split."""
        every = GRAMMARS[self.language].places
        if not self.unseen:
            return dict.fromkeys(SPLITS, every)
        order = np.random.RandomState(self.data_seed).permutation(len(every)).tolist()
        fifth = len(every) // 5
        parts = {"train": order[2 * fifth :], "validation": order[:fifth], "test": order[fifth : 2 * fifth]}
        return {split: tuple(every[i] for i in sorted(part)) for split, part in parts.items()}

    def read(self) -> dict[str, list[TaggedSentence]]:
        """All three splits, drawn by one generator."""
        random = np.random.RandomState(self.data_seed)
        drawn: dict[str, list[TaggedSentence]] = {}
        places = self.places()
        others = tuple({*places["validation"], *places["test"]} - set(places["train"]))
        for split in SPLITS:
            choices = Choices(places[split], self.behind, self.two, self.undated)
            if split == "train":
                choices = choices._replace(invented=self.invented, forbidden=others)
            drawn[split] = [
                self._tagged(pieces)
                for _ in range(self.rows[split] // 2)
                for pieces in draw_twins(GRAMMARS[self.language], choices, random)
            ]
        return drawn

    def key(self) -> None:
        """None: there is no source, and nothing to cache."""
        return None

    def _tagged(self, pieces: list[Piece]) -> TaggedSentence:
        """Pieces as steps with their tags."""
        steps: list[str] = []
        slots, words = [], []
        for piece in pieces:
            begin = len(steps)
            for word in piece.words:
                steps += [word] if self.language == "en" else list(word)
                words.append(Span(len(steps) - len(word), len(steps), ""))
            if piece.type:
                slots.append(Span(begin, len(steps), piece.type))
        tags = tags_of(words if self.task == "segmentation" else slots, len(steps), self.scheme)
        return TaggedSentence(steps, tags, "", [])

    @classmethod
    def tiny(cls) -> Tickets:
        """Few sentences."""
        return cls(training=32, validation=16, test=16, batch_size=8, eval_batch_size=8)
