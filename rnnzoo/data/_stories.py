"""Small worlds told in sentences: people move between places, pick things up, carry them about and put them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

PEOPLE = ("Ada", "Ben", "Clara", "David", "Emma")
PLACES = ("kitchen", "garden", "hall", "office", "cellar", "attic")
THINGS = ("ball", "book", "key", "apple", "lamp")
MOVES = ("{who} went to the {place}.", "{who} walked to the {place}.", "{who} is now in the {place}.")
TAKES = ("{who} picked up the {thing}.", "{who} took the {thing}.", "{who} got the {thing} there.")
DROPS = ("{who} put down the {thing}.", "{who} dropped the {thing}.", "{who} left the {thing} there.")
QUESTIONS = {
    "where_person": "Where is {who}?",
    "where_thing": "Where is the {thing}?",
    "who": "Who has the {thing}?",
    "what": "What is {who} carrying?",
}
"""A person's place takes one sentence to know; a thing's takes two, who has it and where that person went."""
NOBODY, NOTHING, AND = "nobody", "nothing", " and "
MOVING = 0.5
"""How likely a sentence tells of a move where something else could happen."""


class Told(NamedTuple):
    """A story, a question about its end, and the answer."""

    story: tuple[str, ...]  # sentence by sentence
    question: str
    answer: str


class World:
    """Where everybody is and who carries what, as far as it has been told."""

    def __init__(self, random: np.random.RandomState) -> None:
        self.random = random
        self.place: dict[str, str] = {}  # of a person
        self.carried: dict[str, list[str]] = {}  # by a person, in the order of taking
        self.lies: dict[str, str] = {}  # the place of a thing that nobody carries

    def holder(self, thing: str) -> str | None:
        """Who carries a thing."""
        return next((who for who, things in self.carried.items() if thing in things), None)

    def happen(self) -> str:
        """One more event, told."""
        takes = [(who, thing) for who in self.place for thing in THINGS if self._within_reach(who, thing)]
        drops = [(who, thing) for who, things in self.carried.items() for thing in things]
        if not self.place or (not takes and not drops) or self.random.rand() < MOVING:
            who = self._one(PEOPLE)
            place = self._one([place for place in PLACES if place != self.place.get(who)])
            self.place[who] = place
            return self._one(MOVES).format(who=who, place=place)
        if drops and (not takes or self.random.rand() < 0.5):
            who, thing = drops[self.random.randint(len(drops))]
            self.carried[who].remove(thing)
            self.lies[thing] = self.place[who]
            return self._one(DROPS).format(who=who, thing=thing)
        who, thing = takes[self.random.randint(len(takes))]
        self.carried.setdefault(who, []).append(thing)
        self.lies.pop(thing, None)
        return self._one(TAKES).format(who=who, thing=thing)

    def ask(self, kind: str) -> tuple[str, str] | None:
        """A question of this kind and its answer; ``None``: what has been told answers none."""
        about_people = "{who}" in QUESTIONS[kind]
        known = [*self.place] if about_people else [thing for thing in THINGS if self._heard_of(thing)]
        if not known:
            return None
        one = self._one(known)
        question = QUESTIONS[kind].format(who=one, thing=one)
        if kind == "where_person":
            return question, f"the {self.place[one]}"
        if kind == "what":
            return question, AND.join(f"the {thing}" for thing in self.carried.get(one, ())) or NOTHING
        holder = self.holder(one)
        if kind == "who":
            return question, holder or NOBODY
        return question, f"the {self.lies[one] if holder is None else self.place[holder]}"

    def _within_reach(self, who: str, thing: str) -> bool:
        """A thing that has not been told of may be anywhere."""
        return self.holder(thing) is None and self.lies.get(thing, self.place[who]) == self.place[who]

    def _heard_of(self, thing: str) -> bool:
        return thing in self.lies or self.holder(thing) is not None

    def _one(self, choices: Sequence[str]) -> str:
        return choices[self.random.randint(len(choices))]


def tell(sentences: int, kind: str, random: np.random.RandomState) -> Told:
    """A story of so many sentences, at least two, that answers a question of this kind."""
    while True:
        world = World(random)
        story = tuple(world.happen() for _ in range(sentences))
        asked = world.ask(kind)
        if asked is not None:
            return Told(story, *asked)


def every_sentence() -> Iterator[str]:
    """All that a story, a question or an answer can be made of."""
    for who in PEOPLE:
        for template in (*MOVES, *TAKES, *DROPS, *QUESTIONS.values()):
            for place, thing in zip(PLACES, (*THINGS, THINGS[0]), strict=True):
                yield template.format(who=who, place=place, thing=thing)
        yield who
    yield from (f"the {thing}{AND}the {place}" for thing in THINGS for place in PLACES)
    yield from (NOBODY, NOTHING)
