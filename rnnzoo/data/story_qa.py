"""Reading comprehension in small: a story of a few sentences, a question at its end, an answer of a word or more.

After the tasks with one and with two supporting facts of Weston, Bordes, Chopra, Rush, van Merriënboer, Joulin,
Mikolov, "Towards AI-Complete Question Answering: A Set of Prerequisite Toy Tasks", 2015, arXiv 1502.05698; worlds,
sentences and the drawing are this project's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from rnnzoo.data._base import SPLITS
from rnnzoo.data._checks import check_positive
from rnnzoo.data._pair_data import DrawnPairs, PairTexts
from rnnzoo.data._segmenters import SPECIALS, Segmenter, pieces
from rnnzoo.data._stories import QUESTIONS, every_sentence, tell
from rnnzoo.registry import DATA, unknown

LEAST = 2
"""Sentences that every kind of question can be asked about."""
TRIES = 100
"""Stories drawn again, because they are there already, before they are held to be used up."""


@DATA.register(
    "story_qa",
    description="generated stories with a question at the end: where is who, who has what (reading comprehension)",
    kind="pair",
    licence="generated",
    source="",
)
class StoryQa(DrawnPairs):
    """Stories of every length from ``shortest`` to ``longest`` sentences, as likely each; no story is there twice.

    A source is the story and the question, such as "Ada went to the hall. Ada took the key. Where is the key?"; letters
    are made lower case.

    Args:
        questions: which of "where_person" (one sentence tells), "where_thing" (two do), "who" and "what"; each row has
            one, as likely each.
        shortest, longest: sentences of a story.
        test_longest: sentences of the longest story to test, the shortest then having one more than ``longest``;
            ``None``: test stories are as long as the others.
        training, validation, test: rows of each split.
        data_seed: of the stories.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.

    Raises:
        UnknownName: no such question.
        ValueError: no question, fewer than two sentences, lengths that don't rise, or more rows than stories.
    """

    def __init__(
        self,
        questions: tuple[str, ...] = tuple(QUESTIONS),
        shortest: int = 2,
        longest: int = 8,
        test_longest: int | None = None,
        training: int = 10_000,
        validation: int = 1000,
        test: int = 1000,
        batch_size: int = 64,
        shuffle: bool = True,
        bucketing: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            rows=(training, validation, test),
            data_seed=data_seed,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            seed=seed,
            num_workers=num_workers,
        )
        for question in questions:
            if question not in QUESTIONS:
                raise unknown("question", question, QUESTIONS)
        if not questions:
            raise ValueError(f"questions is empty; expected at least one of {', '.join(QUESTIONS)}.")
        check_positive(shortest=shortest)
        if not LEAST <= shortest <= longest < (longest + 1 if test_longest is None else test_longest):
            raise ValueError(
                f"shortest is {shortest}, longest {longest} and test_longest {test_longest}; expected them to rise, "
                f"from {LEAST} sentences on."
            )
        self.questions = tuple(questions)
        self.lengths = dict.fromkeys(SPLITS, (shortest, longest))
        if test_longest is not None:
            self.lengths["test"] = (longest + 1, test_longest)

    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        """Every word of every story, the same on both sides."""
        both = Segmenter("words", [*SPECIALS, *_words()], lower=True)
        return both, both

    def texts(self) -> Mapping[str, PairTexts]:
        """Draw the stories of all splits from one generator."""
        random = self.random()
        seen: set[tuple[str, ...]] = set()
        found = {}
        for split, rows in self.rows.items():
            low, high = self.lengths[split]
            sources, targets = [], []
            for _ in range(rows):
                for _ in range(TRIES):
                    kind = self.questions[random.randint(len(self.questions))]
                    told = tell(random.randint(low, high + 1), kind, random)
                    if told.story not in seen:
                        break
                else:
                    raise ValueError(
                        f"{sum(self.rows.values())} rows are asked for, and there are hardly as many stories of "
                        f"{low} to {high} sentences; ask for fewer rows or longer stories."
                    )
                seen.add(told.story)
                sources.append(" ".join((*told.story, told.question)))
                targets.append(told.answer)
            found[split] = PairTexts(sources, targets)
        return found

    @classmethod
    def tiny(cls) -> StoryQa:
        """Few short stories."""
        return cls(longest=4, training=64, validation=16, test=16, batch_size=16)


@cache
def _words() -> tuple[str, ...]:
    return tuple(sorted({piece for text in every_sentence() for piece in pieces(text, "words", lower=True)}))
