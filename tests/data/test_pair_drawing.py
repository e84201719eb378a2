"""Dates read back by other means, words reversed; splits that share nothing."""

import re
from datetime import date, timedelta

import pytest

from rnnzoo.data._base import SPLITS
from rnnzoo.data._date_formats import FORMATS, chinese_number, written_characters
from rnnzoo.data._segmenters import UNK
from rnnzoo.data.dates import Dates
from rnnzoo.data.reversal import Reversal
from rnnzoo.registry import UnknownName

YEARS = (1950, 1999, 2000, 2011, 2012, 2049)


def days():
    for year in YEARS:
        first = date(year, 1, 1)
        yield from (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))


def test_no_writing_means_two_dates_and_the_codec_has_every_character():
    found, known = {}, {*written_characters(), " "}
    for day in days():
        for formats in FORMATS.values():
            for form in formats:
                written = form(day)
                assert found.setdefault(written, day) == day
                assert known.issuperset(written)


def test_numbers_in_a_date_are_its_day_month_and_year():
    """By Python's own reading of digits of any script, where the month is a number."""
    day = date(2031, 11, 24)
    read = {
        form(day): [int(n) for n in re.findall(r"\d+", form(day))] for form in FORMATS["zh"][:2] + FORMATS["de"][2:]
    }
    assert all(sorted(n % 100 for n in numbers) == [11, 24, 31] for numbers in read.values())
    assert FORMATS["ar"][1](day) == "٢٤ نوفمبر ٢٠٣١"
    assert int(re.findall(r"\d+", FORMATS["ar"][1](day))[1]) == 2031
    assert FORMATS["zh"][2](day) == "二〇三一年十一月二十四日"
    assert [chinese_number(n) for n in (1, 10, 12, 20, 31)] == ["一", "十", "十二", "二十", "三十一"]
    assert FORMATS["en"][2](date(2024, 2, 22)) == "Thursday, February 22nd, 2024"
    assert [FORMATS["en"][3](date(2024, 1, n))[4:8] for n in (1, 3, 11, 13)] == ["1st ", "3rd ", "11th", "13th"]


def test_dates_have_no_target_in_two_splits_and_each_is_the_day_written():
    data = Dates(training=2000, validation=200, test=200)
    parts = data.texts()
    targets = [target for split in SPLITS for target in parts[split].targets]
    assert len(set(targets)) == len(targets) == 2400
    for source, target in zip(*parts["train"], strict=True):
        day = date.fromisoformat(target)
        assert source in {form(day) for formats in FORMATS.values() for form in formats}
    assert data.splits["train"].sources.ne(UNK).all()
    assert {len(t) for t in targets} == {10}


def test_dates_of_one_language_are_of_that_language():
    sources = Dates(("zh",), training=50, validation=1, test=1).texts()["train"].sources
    assert all("年" in source and "日" in source for source in sources)


def test_reversed_words_are_new_in_every_split_and_longer_in_the_test_where_asked():
    data = Reversal(longest=10, test_longest=20, training=500, validation=50, test=50)
    parts = data.texts()
    words = [word for split in SPLITS for word in parts[split].sources]
    assert len(set(words)) == len(words) == 600
    assert all("".join(reversed(s)) == t for split in SPLITS for s, t in zip(*parts[split], strict=True))
    assert {len(word) for word in parts["train"].sources} == set(range(5, 11))
    assert 11 <= min(map(len, parts["test"].sources)) <= max(map(len, parts["test"].sources)) <= 20


@pytest.mark.parametrize("dataset", [Dates, Reversal])
def test_the_same_seed_draws_the_same_pairs_and_another_does_not(dataset):
    first, again, other = (dataset(training=50, validation=5, test=5, data_seed=seed).texts() for seed in (1, 1, 2))
    assert first == again != other


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UnknownName, match="unknown language 'dee'; did you mean de"):
        Dates(("dee",))
    with pytest.raises(ValueError, match="languages is empty"):
        Dates(())
    with pytest.raises(ValueError, match="40000 rows are asked for and there are 36525 days"):
        Dates(training=38_000)
    with pytest.raises(ValueError, match="test is 0; expected at least 1"):
        Dates(test=0)
    with pytest.raises(ValueError, match="letters is 27; expected 2 to 26"):
        Reversal(letters=27)
    with pytest.raises(ValueError, match="longest 15 and test_longest 15; expected them to rise"):
        Reversal(test_longest=15)
    with pytest.raises(ValueError, match="24 rows are asked for, and of 2 letters there are hardly as many words"):
        Reversal(letters=2, shortest=1, longest=3, training=20, validation=2, test=2).texts()


def test_an_interrupted_pass_goes_on_with_the_batches_that_are_left():
    def loader():
        data = Reversal.tiny()
        data.bucketing = True
        one = data.train_dataloader()
        one.sampler.set_epoch(3)
        return one

    whole, first, again = list(loader()), loader(), loader()
    for _, _ in zip(range(2), first, strict=False):
        pass
    again.load_state_dict({**first.state_dict(), "taken": 2})
    rest = list(again)
    assert len(rest) == len(whole) - 2 > 0
    assert all(
        a.equal(b) for left, right in zip(whole[2:], rest, strict=True) for a, b in zip(left, right, strict=True)
    )
