"""TREC-6: questions, and the sort of answer that each asks for: six coarse sorts, or fifty finer ones.

X. Li, D. Roth, "Learning Question Classifiers", COLING 2002.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from rnnzoo.data._cache import code_version, stamp
from rnnzoo.data._files import DamagedFile, find_or_fetch_all
from rnnzoo.data._shares import draw_distinct
from rnnzoo.data._text_classification import LabelledTexts, TextClassification, TextSplits
from rnnzoo.registry import DATA, unknown

SOURCE = "https://cogcomp.seas.upenn.edu/Data/QA/QC/"
SHA256 = {
    "train_5500.label": "9e4c8bdcaffb96ed61041bd64b564183d52793a8e91d84fc3a8646885f466ec3",
    "TREC_10.label": "033f22c028c2bbba9ca682f68ffe204dc1aa6e1cf35dd6207f2d4ca67f0d0e8e",
}
TRAIN, TEST = SHA256
COARSE = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
"""Abbreviation, description, entity, human being, location, number."""
LABELS = ("coarse", "fine")


class Question(NamedTuple):
    """One line of a file."""

    text: str
    label: str  # such as "HUM:ind"


@DATA.register(
    "trec6",
    description="5,452 questions to train on and 500 to test, by the sort of answer asked for (Li and Roth 2002)",
    kind="label",
    licence="not stated; research use, citing Li and Roth 2002",
    source=SOURCE,
)
class Trec6(TextClassification):
    """Questions as sequences of words, and the sort of their answers.

    Takes the official ``train_5500.label`` and ``TREC_10.label`` from ``dir`` (or, without it, ``$RNNZOO_DATA`` and the
    cache), else downloads them. Validation questions are drawn from the training file by distinct question. Ten of the
    500 test questions are in the training file too.

    Args:
        labels: "coarse", six of them, or "fine": as many as the training file has (50).
        leak: also train on those questions that are in the test file, as the official files have it and published
            numbers do; ``False`` leaves them out.
        vocabulary_size, minimum_count, tokenizer, max_length, keep, padding: as ``TextClassification`` says; the texts
            are tokenised already.
        validation: this share of the distinct training questions, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, bucketing, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        split_seed: of the validation share.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        UnknownName: other labels.
    """

    def __init__(
        self,
        labels: Literal["coarse", "fine"] = "coarse",
        leak: bool = False,
        vocabulary_size: int | None = None,
        minimum_count: int = 1,
        tokenizer: str = "split",
        max_length: int | None = None,
        keep: str = "first",
        padding: str = "post",
        validation: float = 0.1,
        batch_size: int = 64,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            tokenizer=tokenizer,
            vocabulary_size=vocabulary_size,
            minimum_count=minimum_count,
            max_length=max_length,
            keep=keep,
            padding=padding,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        if labels not in LABELS:
            raise unknown("labels", labels, LABELS)
        self.labels = labels
        self.leak = leak
        self.validation = validation
        self.split_seed = split_seed
        self.dir = dir
        self.download = download

    def files(self) -> dict[str, Path]:
        """The two files, fetched if need be, each the official one."""
        url = SOURCE.removesuffix("/")
        return find_or_fetch_all("trec6", SHA256, directory=self.dir, url=url, download=self.download)

    def key(self) -> dict[str, Any]:
        """The files' stamps, which labels, and how the questions are split."""
        return {
            "files": [stamp(path) for path in self.files().values()],
            "labels": [self.labels, self.leak],
            "shares": [self.validation, self.split_seed],
            "code": code_version(draw_distinct),
        }

    def read(self) -> TextSplits:
        """The questions of both files, split.

        Raises:
            DamagedFile: a file is not the official one, or has a line that is no question.
        """
        files = self.files()
        return self._split(read_questions(files[TRAIN]), read_questions(files[TEST]))

    def _split(self, training: list[Question], test: list[Question]) -> TextSplits:
        if not self.leak:
            asked = {question.text for question in test}
            training = [question for question in training if question.text not in asked]
        names = list(COARSE) if self.labels == "coarse" else sorted({question.label for question in training})
        number = {name: i for i, name in enumerate(names)}
        strange = next((question for question in test if self._label(question) not in number), None)
        if strange is not None:
            raise DamagedFile(
                f"{TEST} has the label {strange.label} ({strange.text!r:.60}), which no training question has."
            )
        drawn = draw_distinct(
            [question.text for question in training], {"validation": self.validation}, self.split_seed
        )
        parts = {split: [training[i] for i in rows] for split, rows in drawn.items()} | {"test": test}
        return TextSplits(
            names,
            {
                split: LabelledTexts([q.text for q in part], [number[self._label(q)] for q in part])
                for split, part in parts.items()
            },
        )

    def _label(self, question: Question) -> str:
        return question.label.partition(":")[0] if self.labels == "coarse" else question.label

    @classmethod
    def tiny(cls) -> Trec6:
        """A few made-up questions."""
        data = cls(validation=0.25, batch_size=4, eval_batch_size=4)
        openings = {"HUM:ind": "Who painted", "LOC:other": "Where is", "NUM:date": "When was it that we saw"}
        things = ("the tower ?", "the old bridge ?", "that picture ?", "this small harbour of the north ?")
        rows = [Question(f"{opening} {thing}", label) for thing in things for label, opening in openings.items()]
        data._given = data._split(rows[:9], rows[9:])
        return data


def read_questions(path: Path) -> list[Question]:
    """The questions of a file: lines ``COARSE:fine text``, Latin-1.

    Raises:
        DamagedFile: a line without a known coarse label, or without a text; says which.
    """
    questions = []
    for number, line in enumerate(path.read_bytes().decode("latin-1").split("\n"), start=1):
        if not line.strip():
            continue
        label, _, text = line.strip().partition(" ")
        coarse, _, fine = label.partition(":")
        if coarse not in COARSE or not fine or not text:
            raise DamagedFile(
                f"{path}, line {number}: {line!r:.80}; expected LABEL:fine and a question, LABEL one of "
                f"{', '.join(COARSE)}."
            )
        questions.append(Question(text, label))
    return questions
