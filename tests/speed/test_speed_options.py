"""What the harness's command line refuses, and how measurements are planned, without measuring."""

import pytest
from _fresh import Helper
from _layers import of_torchrecurrent
from _measurement import Comparison
from _options import Options, read
from parts import PARTS, gated

from rnnzoo.registry import LAYERS, UnknownName


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--parts", "gatde"], "unknown part 'gatde'; did you mean gated"),
        (["--cells", "lstm,mingur"], "unknown layer 'mingur'; did you mean mingru"),
        (["--shapes", "smal"], "unknown shape 'smal'; did you mean small"),
        (["--shapes", "E"], "known: A, B, C, D, small"),
    ],
)
def test_an_unknown_name_is_answered_with_near_misses(arguments, hint):
    with pytest.raises(UnknownName, match=hint):
        read(arguments)


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--threads", "0"], ["--clock", "moon"]])
def test_numbers_and_clocks_that_cannot_be_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        read(arguments)
    assert arguments[0] in capsys.readouterr().err


def test_without_options_every_part_and_shape_is_measured():
    options = read([])
    assert options.parts == tuple(PARTS)
    assert options.cells is None
    assert (options.threads, options.clock, options.write) == (2, "wall", False)


def test_quick_rows_do_not_go_to_the_results():
    assert "results" not in read(["--quick"]).results.parts


def options(**changed):
    return Options(parts=tuple(PARTS), cells=None, shapes=("A", "B", "C", "D", "small"), **changed)


@pytest.mark.parametrize(("part", "names"), [("all", LAYERS.names), ("step", LAYERS.names)])
def test_no_layer_is_forgotten(part, names):
    planned = {c.settings["cell"] for step in PARTS[part].plan(options()).steps for c in step.comparisons}
    assert planned == set(names())


def test_all_41_layers_of_torchrecurrent_are_measured_at_three_shapes():
    pytest.importorskip("torchrecurrent")
    planned = [c.settings for step in gated.plan(options()).steps for c in step.comparisons]
    assert len({settings["cell"] for settings in planned}) == len(of_torchrecurrent()) == 41
    assert len(planned) == 41 * 3 * 2


def test_everything_is_thought_to_fit_into_forty_minutes():
    assert sum(step.cost for part in PARTS.values() for step in part.plan(options()).steps) < 2400


def test_a_plan_measures_no_comparison_twice():
    for name, part in PARTS.items():
        steps = [step for step in part.plan(options()).steps if hasattr(step, "comparisons")]
        keys = [
            (str(dict(c.settings)), c.candidate, c.baseline, step.threads) for step in steps for c in step.comparisons
        ]
        assert len(keys) == len(set(keys)), name


def test_an_error_in_another_process_is_told_here():
    there = Helper(fresh=True, environment={})
    try:
        with pytest.raises(RuntimeError, match=r"plan.*AttributeError"):
            there.call(gated.plan, Comparison({}, "", ""))
    finally:
        there.close()
