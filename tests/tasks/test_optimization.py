"""Optimisers get the settings they were asked for, schedules follow their formulas."""

import math

import pytest
import torch
from torch import nn

from rnnzoo.registry import UnknownName
from rnnzoo.tasks._optimization import OPTIMIZERS, SCHEDULES, create_optimizer, create_schedule


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.slow = nn.Parameter(torch.ones(2))
        self.usual = nn.Parameter(torch.ones(2))

    def parameter_groups(self):
        return [{"params": [self.slow], "lr": 1e-5, "weight_decay": 0.0}]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_descends_and_decays(name):
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = create_optimizer(name, model, learning_rate=0.01, weight_decay=0.5)
    assert [(g["lr"], g["weight_decay"]) for g in optimizer.param_groups] == [(0.01, 0.5)]
    model.weight.grad = torch.zeros(1, 1)
    optimizer.step()
    assert 0 < model.weight.item() < 1


def test_options_reach_the_optimizer_and_unknown_ones_have_near_misses():
    model = nn.Linear(1, 1)
    assert create_optimizer("adam", model, learning_rate=0.1, options={"eps": 1e-7}).defaults["eps"] == 1e-7
    with pytest.raises(UnknownName, match=r"option of the optimizer adam.*did you mean eps"):
        create_optimizer("adam", model, learning_rate=0.1, options={"epsi": 1e-7})
    with pytest.raises(UnknownName, match="option of the optimizer sgd"):
        create_optimizer("sgd", model, learning_rate=0.1, options={"lr": 1.0})


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_the_fused_kernel_takes_the_same_steps(name):
    twins = [nn.Linear(3, 2) for _ in range(2)]
    twins[1].load_state_dict(twins[0].state_dict())
    for model, fused in zip(twins, (True, False), strict=True):
        optimizer = create_optimizer(name, model, learning_rate=0.1, weight_decay=0.01, fused=fused)
        for step in range(5):
            optimizer.zero_grad()
            model(torch.full((4, 3), step + 1.0)).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(twins[0].weight, twins[1].weight)


def test_a_cells_own_groups_are_kept_apart():
    model = nn.Sequential(nn.Linear(2, 2), Cell())
    optimizer = create_optimizer("adamw", model, learning_rate=0.1, weight_decay=0.3)
    rest, own = optimizer.param_groups
    assert {id(p) for p in rest["params"]} == {id(p) for p in (*model[0].parameters(), model[1].usual)}
    assert [id(p) for p in own["params"]] == [id(model[1].slow)]
    assert (own["lr"], own["weight_decay"], rest["lr"], rest["weight_decay"]) == (1e-5, 0.0, 0.1, 0.3)


def test_frozen_parameters_are_left_out_and_nothing_trainable_is_an_error():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    assert len(create_optimizer("adam", model, learning_rate=0.1).param_groups[0]["params"]) == 1
    model.weight.requires_grad_(False)
    with pytest.raises(ValueError, match="no trainable parameter"):
        create_optimizer("adam", model, learning_rate=0.1)


def rates(name, steps, **options):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.0)
    schedule = create_schedule(name, optimizer, steps=steps, **options)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_cosine_follows_half_a_cosine():
    expected = [1 + math.cos(math.pi * t / 10) for t in range(10)]
    assert rates("cosine", 10) == pytest.approx(expected)


def test_linear_rises_in_the_warmup_and_falls_to_zero():
    found = rates("linear", 100, warmup=0.1)
    rising, falling = found[:11], found[10:]
    assert rising == pytest.approx([2 * (t + 1) / 11 for t in range(11)])
    assert falling == pytest.approx([2 * (1 - t / 90) for t in range(90)])


def test_constant_with_warmup_stays_at_the_top():
    assert rates("constant", 20, warmup=0.25)[5:] == [2.0] * 15


def test_one_cycle_has_the_rates_of_torchs():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    torchs = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2.0, total_steps=1001, cycle_momentum=False)
    expected = []
    for _ in range(1000):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        torchs.step()
    # torch rises over 0.3 * total - 1 steps where ours rises over exactly 30 %: one step of difference
    assert rates("one_cycle", 1000) == pytest.approx(expected, abs=2 * math.pi / 300)
    assert max(rates("one_cycle", 1000)) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_that_has_ended_stays_where_it_is(name):
    assert SCHEDULES[name](1.0) == pytest.approx({"constant": 1.0, "one_cycle": 4e-6}.get(name, 0.0))


def test_unchanging_rates_need_no_schedule():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.0)
    assert create_schedule("constant", optimizer, steps=math.inf) is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": "cosin"}, UnknownName, "did you mean cosine"),
        ({"name": "cosine", "steps": math.inf}, ValueError, "give the Trainer max_epochs"),
        ({"name": "cosine", "warmup": 1.5}, ValueError, "warmup is 1.5"),
        ({"name": "one_cycle", "warmup": 0.1}, ValueError, "rises on its own"),
    ],
)
def test_impossible_schedules_are_refused(options, error, message):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.0)
    with pytest.raises(error, match=message):
        create_schedule(optimizer=optimizer, **{"steps": 10, **options})


def test_impossible_optimizers_are_refused():
    with pytest.raises(UnknownName, match="did you mean adam"):
        create_optimizer("adm", nn.Linear(1, 1), learning_rate=0.1)
    with pytest.raises(ValueError, match="learning_rate is -1"):
        create_optimizer("adam", nn.Linear(1, 1), learning_rate=-1)
