"""The real tagged sentences, where they are: as many as published."""

import pytest

from rnnzoo.data._base import SPLITS
from rnnzoo.data.snips import Snips
from rnnzoo.data.weibo_ner import WeiboNer
from rnnzoo.data.wnut17 import Wnut17

COUNTS = {  # sentences and steps of each split, in the datasets' own words
    Snips: [(13_084, 117_700), (700, 6_384), (700, 6_354)],
    Wnut17: [(3_394, 62_730), (1_009, 15_733), (1_287, 23_394)],
    WeiboNer: [(1_350, 73_778), (270, 14_509), (270, 14_842)],
}
REPAIRED = {Snips: [0, 0, 0], Wnut17: [0, 0, 0], WeiboNer: [10, 0, 4]}


@pytest.mark.data
@pytest.mark.parametrize("target", COUNTS)
def test_sentences_steps_and_illegal_tags_are_as_many_as_there_are(data_dir, target):
    data = target(dir=str(data_dir))
    found = [(len(data.splits[split]), int(data.splits[split].lengths.sum())) for split in SPLITS]
    assert found == COUNTS[target]
    assert list(data.repaired.values()) == REPAIRED[target]
    tags = {tag for each in data.read()["train"] for tag in each.tags}
    assert len(tags) == {Snips: 72, Wnut17: 13, WeiboNer: 17}[target]
    if target is Snips:
        assert len(data.spec["intents"]) == 7
