"""``--compile`` keeps the quicker of two ways, says which, and leaves the training as it found it."""

import dataclasses
import itertools
from functools import partial

import pytest
import torch
from lightning.pytorch import LightningDataModule
from training import LIGHTNINGS_OWN, loader, make_batch, quiet_trainer, spec

from rnnzoo.bench import compiling, training
from rnnzoo.bench.compile_check import check_compile
from rnnzoo.bench.compiling import Compile, judge
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.preflight import check_runs
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.table import load_table
from rnnzoo.cli import main
from rnnzoo.registry import LAYERS
from rnnzoo.tasks.sequence_classification import SequenceClassifier

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


def clock(eager, compiled, shapes=3):
    """A clock by which steps take so long: of batches of each shape two to warm up, then pairs."""
    durations = itertools.chain([1.0] * (2 * shapes), itertools.cycle([eager, compiled]))
    now = itertools.accumulate(d for duration in durations for d in (0.0, duration))
    return lambda: next(now)


class Ragged(LightningDataModule):
    """Batches of three shapes, from a new loader each time."""

    spec = spec()

    def __init__(self, steps=(3, 4, 5, 4, 3, 5)):
        super().__init__()
        self.steps = steps

    def train_dataloader(self):
        return loader([make_batch(4, steps, seed=seed) for seed, steps in enumerate(self.steps)])


class Normalised(SequenceClassifier):
    """With buffers that every forward in training changes, and random numbers that it draws."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options, dropout=0.5)
        self.norm = torch.nn.BatchNorm1d(3)

    def forward(self, inputs, lengths=None):
        return self.norm(super().forward(inputs, lengths))


def fit(folder, *callbacks, layer="gru", kind=SequenceClassifier):
    torch.manual_seed(0)
    task = kind(spec(), layer, hidden_size=4)
    quiet_trainer(folder, max_epochs=1, callbacks=list(callbacks)).fit(task, datamodule=Ragged())
    return task


def numbers(task):
    return {name: value.clone() for name, value in task.state_dict().items()}


@pytest.mark.parametrize(("seconds", "used"), [((1.0, 0.5), True), ((1.0, 1.5), False), ((1.0, 1.0), False)])
def test_the_quicker_way_is_kept_and_the_ratio_is_told(seconds, used):
    verdict = judge([seconds] * 5, graphs=2)
    assert (verdict.used, verdict.ratio, verdict.graphs) == (used, seconds[1] / seconds[0], 2)
    assert f"{seconds[1]:.2f} times" in verdict.why


def test_one_step_that_was_held_up_does_not_decide():
    assert judge([(1.0, 0.5)] * 4 + [(1.0, 60.0)], graphs=1).used
    assert not judge([(1.0, 1.5)] * 4 + [(60.0, 1.5)], graphs=1).used


def test_where_eager_is_quicker_the_training_is_to_the_bit_what_it_is_without(tmp_path):
    said = []
    compiled = Compile(said.append, backend="eager", clock=clock(1.0, 2.0))
    found, plain = numbers(fit(tmp_path, compiled, kind=Normalised)), numbers(fit(tmp_path, kind=Normalised))
    assert found.keys() == plain.keys()
    assert all(torch.equal(found[name], plain[name]) for name in plain)
    assert said == ["--compile: a compiled step takes 2.00 times an eager one: the training goes on without --compile."]
    assert compiled.verdict.used is False


def test_where_compiled_is_quicker_it_is_used_and_the_keys_of_the_weights_stay(tmp_path):
    graphs = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    said = []
    callback = Compile(said.append, backend=counting, clock=clock(1.0, 0.5))
    task = fit(tmp_path, callback)
    plain = fit(tmp_path)
    assert graphs
    assert task._compiled_call_impl is not None
    assert said == ["--compile: a compiled step takes 0.50 times an eager one: the training is compiled."]
    assert callback.verdict.to_dict()["ratio"] == 0.5
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(task.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_a_compiler_that_is_missing_is_told_and_costs_no_training(tmp_path):
    def missing(graph, inputs):
        raise RuntimeError("no C++ compiler was found")

    said = []
    task = fit(tmp_path, Compile(said.append, backend=missing))
    plain = fit(tmp_path)
    assert len(said) == 1
    assert "torch.compile failed, the training goes on without" in said[0]
    assert "no C++ compiler was found" in said[0]
    assert all(torch.equal(value, numbers(plain)[name]) for name, value in numbers(task).items())


def test_a_model_that_is_compiled_anew_for_every_length_goes_on_eagerly(tmp_path, monkeypatch):
    made = itertools.count()
    monkeypatch.setattr(compiling, "_graphs", lambda: next(made))
    said = []
    fit(tmp_path, Compile(said.append, backend="eager"), layer="none")
    assert said == ["--compile: torch compiles it anew for every length: the training goes on without."]


def test_graphs_made_during_the_training_are_told(tmp_path, monkeypatch):
    made = iter([0, 1, 1, 1, 1, 1, 1, 40])
    monkeypatch.setattr(compiling, "_graphs", lambda: next(made))
    said = []
    fit(tmp_path, Compile(said.append, backend="eager", clock=clock(1.0, 0.5)), layer="none")
    assert said[1:] == ["--compile: torch made 39 more graphs during the training, for batches of other shapes."]


def test_unequal_lengths_take_one_graph(tmp_path):
    callback = Compile(lambda _: None, backend="eager", clock=clock(1.0, 0.5))
    fit(tmp_path, callback)
    assert callback.verdict.used
    assert callback.verdict.graphs == 1


def test_a_layer_that_does_not_declare_it_is_refused_by_the_name_of_the_capability(monkeypatch, tmp_path):
    entry = dataclasses.replace(LAYERS.entry("gru"), exportable=False)
    monkeypatch.setitem(LAYERS._entries, "gru", entry)
    with pytest.raises(TableError, match=r"layer 'gru' does not declare.*`exportable`.*rnnzoo check gru"):
        check_compile(["lstm", "gru"])
    runs = expand(load_table("digit-sum"), layers=["gru"], quick=True)
    with pytest.raises(TableError, match="exportable"):
        check_runs(runs, tmp_path, Scale(compile=True))
    check_compile(["lstm", "none"])
    with pytest.raises(TableError, match=r"fsdp.*use --strategy ddp"):
        check_compile(["lstm"], "fsdp")


def test_the_row_says_what_was_found(small, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "Compile", partial(Compile, backend="eager", clock=clock(1.0, 2.0, shapes=1)))
    rows = training.train(expand(small)[0], tmp_path, Scale(compile=True))
    assert {(row.compile["used"], row.compile["ratio"]) for row in rows} == {(False, 2.0)}
    assert {str(row.compile) for row in training.train(expand(small)[0], tmp_path / "plain")} == {"{}"}


def test_fit_takes_it_and_other_commands_refuse_it(capsys):
    assert main(["test", "--config", "imdb-bilstm", "--compile", "--ckpt_path", "x.ckpt"]) != 0
    assert "--compile is for `rnnzoo fit`" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_torchs_own_compiler_learns_the_same(tmp_path):
    said = []
    task = fit(tmp_path, Compile(said.append, clock=clock(1.0, 0.5)))
    plain = fit(tmp_path)
    assert said == ["--compile: a compiled step takes 0.50 times an eager one: the training is compiled."]
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(task.state_dict()[name], value, rtol=1e-4, atol=1e-5)
