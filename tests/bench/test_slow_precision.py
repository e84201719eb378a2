"""bfloat16 on a processor without products of it is never slow without a word."""

import pytest
import torch

from rnnzoo.bench.quiet import say_once
from rnnzoo.bench.slow_precision import product_ratio, tell_slow_precision


@pytest.mark.parametrize(
    ("precision", "device", "ratio", "told"),
    [
        ("bf16-mixed", "cpu", 9.0, True),
        ("bf16-mixed", "cpu", 0.5, False),
        ("32-true", "cpu", 9.0, False),
        ("bf16-mixed", "cuda", 9.0, False),
    ],
)
def test_it_is_told_where_it_is_slow(precision, device, ratio, told, capsys):
    say_once.cache_clear()
    for _ in range(2):
        tell_slow_precision(precision, torch.device(device), lambda: ratio)
    assert capsys.readouterr().err.count("9 times as long in bfloat16") == told


def test_the_ratio_is_of_times():
    assert product_ratio(16, 2) > 0
