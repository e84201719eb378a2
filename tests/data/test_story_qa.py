"""Stories read again by other means: a reader that scans the text backwards must come to the same answers."""

import re

import pytest

from rnnzoo.data._base import SPLITS
from rnnzoo.data._segmenters import UNK
from rnnzoo.data._stories import PLACES, QUESTIONS
from rnnzoo.data.story_qa import StoryQa
from rnnzoo.registry import UnknownName

MOVED = re.compile(r"(?:went to|walked to|is now in) the (\w+)\.")
TOOK = re.compile(r"(?:picked up|took|got) the (\w+)")
LEFT = re.compile(r"(?:put down|dropped|left) the (\w+)")


def place_of(person, sentences):
    """Where the last move of a person led."""
    return next(MOVED.search(s)[1] for s in reversed(sentences) if s.startswith(f"{person} ") and MOVED.search(s))


def last_told_of(thing, sentences):
    """The number of the last sentence with a thing, and who acted in it."""
    number = max(n for n, s in enumerate(sentences) if f" the {thing}" in s)
    return number, sentences[number].split()[0]


def answer(source):
    """By going back from the end, without a world."""
    *sentences, question = re.findall(r"[^.?]+[.?]", source)
    sentences = [s.strip() for s in sentences]
    subject = re.search(r"(\w+)( carrying)?\?", question)[1]
    if "Where is the" in question:
        number, actor = last_told_of(subject, sentences)
        upto = sentences[:number] if LEFT.search(sentences[number]) else sentences
        return f"the {place_of(actor, upto)}"
    if "Where is" in question:
        return f"the {place_of(subject, sentences)}"
    if "Who has" in question:
        number, actor = last_told_of(subject, sentences)
        return "nobody" if LEFT.search(sentences[number]) else actor
    own = [s for s in sentences if s.startswith(f"{subject} ")]
    taken = [TOOK.search(s)[1] for s in own if TOOK.search(s)]
    kept = [t for n, t in enumerate(taken) if t not in taken[n + 1 :] and not LEFT.search(next(
        s for s in reversed(own) if f" the {t}" in s
    ))]  # fmt: skip
    return " and ".join(f"the {thing}" for thing in kept) or "nothing"


@pytest.fixture(scope="module")
def stories():
    return StoryQa(training=1500, validation=100, test=100).texts()


def test_every_answer_is_what_a_reader_finds_who_goes_back_from_the_end(stories):
    for source, target in zip(*stories["train"], strict=True):
        assert answer(source) == target, source


def test_nobody_takes_what_somebody_else_has_or_what_lies_elsewhere(stories):
    for source in stories["train"].sources:
        place, lies, holder = {}, {}, {}
        for sentence in re.findall(r"[^.?]+\.", source):
            who = sentence.split()[0]
            if moved := MOVED.search(sentence):
                assert place.get(who) != moved[1] in PLACES
                place[who] = moved[1]
            elif took := TOOK.search(sentence):
                assert holder.get(took[1]) is None
                assert lies.get(took[1], place[who]) == place[who]
                holder[took[1]] = who
            else:
                left = LEFT.search(sentence)[1]
                assert holder.pop(left) == who
                lies[left] = place[who]


def test_every_kind_of_question_and_answer_is_there_and_none_is_so_frequent_that_guessing_pays(stories):
    sources, targets = stories["train"]
    for start in ("Where is the", "Where is", "Who has", "What is"):
        answers = [t for s, t in zip(sources, targets, strict=True) if f" {start} " in s]
        assert len(answers) > len(sources) / len(QUESTIONS) / 1.5
        assert max(answers.count(one) for one in set(answers)) < 0.65 * len(answers)
    assert any(" and " in target for target in targets)
    assert {"nobody", "nothing", "Ada", "the attic"} <= set(targets)


def test_no_story_is_there_twice_and_the_vocabulary_has_every_word(stories):
    told = [source.rsplit(".", 1)[0] for split in SPLITS for source in stories[split].sources]
    assert len(set(told)) == len(told) == 1700
    data = StoryQa(training=300, validation=10, test=10)
    rows = data.splits["train"]
    assert rows.sources.ne(UNK).all()
    assert rows.tokens.ne(UNK).all()
    assert data._codec().decode_target(rows[[0]].targets[0]) == data.texts()["train"].targets[0].lower()


def test_longer_stories_may_be_tested():
    data = StoryQa(("where_thing",), longest=4, test_longest=9, training=50, validation=5, test=50).texts()
    lengths = {split: {source.count(".") for source in part.sources} for split, part in data.items()}
    assert lengths["train"] <= {2, 3, 4}
    assert min(lengths["test"]) == 5
    assert max(lengths["test"]) == 9
    assert all(" Where is the " in source for part in data.values() for source in part.sources)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UnknownName, match="unknown question 'where'"):
        StoryQa(("where",))
    with pytest.raises(ValueError, match="questions is empty"):
        StoryQa(())
    with pytest.raises(ValueError, match=r"shortest is 1, longest 8 .* from 2 sentences on"):
        StoryQa(shortest=1)
    with pytest.raises(ValueError, match="hardly as many stories of 2 to 2 sentences"):
        StoryQa(("where_thing",), longest=2, training=1400, validation=1, test=1).texts()
