"""The official files of the corpora: their known numbers."""

import pytest

from rnnzoo.data.tinyshakespeare import TinyShakespeare
from rnnzoo.data.wikitext2 import WikiText2

pytestmark = pytest.mark.data


def test_wikitext_has_the_published_numbers_of_tokens_and_of_different_ones(data_dir):
    data = WikiText2(dir=str(data_dir), download=False)
    assert {split: len(tokens) for split, tokens in data.splits.items()} == {
        "train": 2_088_628,
        "validation": 217_646,
        "test": 245_569,
    }
    assert data.spec["output_size"] == 33_278
    assert data.codec_state()["vocabulary"][:3] == ["the", ",", "."]


def test_tiny_shakespeare_is_split_as_is_customary(data_dir):
    data = TinyShakespeare(dir=str(data_dir), download=False)
    assert {split: len(tokens) for split, tokens in data.splits.items()} == {
        "train": 1_003_854,
        "validation": 111_540,
        "test": 111_540,
    }
    assert data.spec["output_size"] == 65
