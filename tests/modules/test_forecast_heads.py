"""What a forecast says of a number: losses against other people's distributions, draws against their moments."""

import pytest
import scipy.stats
import torch
from tolerances import close
from torch import distributions

from rnnzoo.modules.counted_uniforms import counted_uniforms, row_keys
from rnnzoo.modules.forecast_heads import (
    HEADS,
    GaussianHead,
    NegativeBinomialHead,
    QuantileHead,
    StudentTHead,
    create_head,
)
from rnnzoo.registry import UnknownName

GENERATOR = torch.Generator().manual_seed(0)
Y = torch.randn(50, generator=GENERATOR, dtype=torch.float64) * 3
RAW = torch.randn(50, 3, generator=GENERATOR, dtype=torch.float64)


def test_the_nll_of_a_gaussian_is_torchs():
    head = GaussianHead()
    parameters = head(RAW[:, :2])
    expected = -distributions.Normal(*parameters.unbind(-1)).log_prob(Y)
    close(head.losses(parameters, Y), expected)


def test_the_nll_of_a_student_t_is_torchs_and_scipys():
    head = StudentTHead()
    parameters = head(RAW)
    close(head.losses(parameters, Y), -distributions.StudentT(*parameters.unbind(-1)).log_prob(Y))
    freedom, mean, scale = (one.numpy() for one in parameters.unbind(-1))
    close(head.losses(parameters, Y), torch.tensor(-scipy.stats.t.logpdf(Y.numpy(), freedom, mean, scale)))


def test_the_nll_of_a_negative_binomial_is_scipys_and_its_moments_are_deepars():
    head = NegativeBinomialHead()
    parameters = head(RAW[:, :2])
    counts = Y.abs().round()
    mean, shape = (one.numpy() for one in parameters.unbind(-1))
    theirs = scipy.stats.nbinom(1 / shape, 1 / (1 + shape * mean))
    close(head.losses(parameters, counts), torch.tensor(-theirs.logpmf(counts.numpy())))
    close(torch.tensor(theirs.mean()), parameters[:, 0])
    close(torch.tensor(theirs.var()), parameters[:, 0] + parameters[:, 1] * parameters[:, 0] ** 2)


@pytest.mark.parametrize("name", ["gaussian", "student_t"])
def test_rescaled_parameters_are_those_of_the_rescaled_number(name):
    head = HEADS[name]()
    parameters = head(RAW[:, : head.parameters_each])
    location, scale = Y, -(Y.abs() + 0.5)  # a scale below 0 turns the distribution over
    moved = head.rescaled(parameters, location, scale)
    close(head.points(moved), location + scale * head.points(parameters))
    # the density of a + b v at a + b y is that of v at y, divided by |b|
    close(head.losses(moved, location + scale * Y), head.losses(parameters, Y) + scale.abs().log())


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_the_quantile_loss_is_least_at_the_quantile(level):
    head = QuantileHead([level])
    sample = torch.randn(20001, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    grid = torch.linspace(-2, 2, 401, dtype=torch.float64)
    costs = torch.stack([head.losses(q.expand(len(sample), 1), sample).mean() for q in grid])
    assert abs(float(grid[costs.argmin()]) - float(sample.quantile(level))) <= 0.01


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_the_point_losses_are_least_at_the_mean_and_at_the_median(loss):
    head = create_head("point", loss, ())
    sample = torch.tensor([0.0, 0.0, 1.0, 2.0, 10.0], dtype=torch.float64)
    grid = torch.linspace(-1, 5, 601, dtype=torch.float64)
    costs = torch.stack([head.losses(p.expand(5, 1), sample).mean() for p in grid])
    assert float(grid[costs.argmin()]) == pytest.approx(2.6 if loss == "mse" else 1.0)


def uniforms(rows, draws):
    return counted_uniforms(row_keys(3, torch.arange(rows)), torch.arange(draws)).double()


@pytest.mark.parametrize("name", ["gaussian", "student_t", "negative_binomial"])
def test_what_is_drawn_has_the_distribution_that_is_stated(name):
    head = HEADS[name]()
    parameters = head(torch.tensor([1.5, 0.7, 0.4], dtype=torch.float64)[: head.parameters_each])
    drawn = head.drawn(parameters.expand(20000, -1), uniforms(20000, head.draws)).numpy()
    first, *rest = parameters.tolist()
    if name == "negative_binomial":
        theirs = scipy.stats.nbinom(1 / rest[0], 1 / (1 + rest[0] * first))
        shares = [(drawn == count).mean() for count in range(8)]
        assert shares == pytest.approx(theirs.pmf(range(8)), abs=0.01)
        return
    theirs = scipy.stats.norm(first, *rest) if name == "gaussian" else scipy.stats.t(first, *rest)
    assert scipy.stats.kstest(drawn, theirs.cdf).statistic < 1.95 / 20000**0.5  # the 0.1 % level


def test_the_counts_that_are_drawn_are_the_inverse_of_the_distribution_function():
    head = NegativeBinomialHead()
    parameters = torch.tensor([[300.0, 0.5], [0.2, 3.0], [40.0, 1e-4]], dtype=torch.float64)[:, None].expand(
        -1, 200, -1
    )
    u = uniforms(3, 200)
    mean, shape = (one.numpy() for one in parameters.unbind(-1))
    theirs = scipy.stats.nbinom(1 / shape, 1 / (1 + shape * mean)).ppf(u.numpy())
    assert torch.equal(head.drawn(parameters, u[..., None]), torch.tensor(theirs))


def test_uniform_numbers_are_uniform_and_a_rows_own():
    rows = torch.arange(1000)
    numbers = counted_uniforms(row_keys(0, rows, rows % 7), torch.arange(100))
    assert scipy.stats.kstest(numbers.flatten().numpy(), "uniform").statistic < 1.95 / 1e5**0.5
    assert 0 < numbers.min() <= numbers.max() < 1
    assert abs(torch.corrcoef(numbers.T.double())[0, 1:]).max() < 0.15
    alone = counted_uniforms(row_keys(0, rows[500:501], rows[500:501] % 7), torch.arange(100))
    assert torch.equal(alone, numbers[500:501])
    assert not torch.equal(counted_uniforms(row_keys(1, rows, rows % 7), torch.arange(100)), numbers)


def test_counts_that_are_shifted_are_refused():
    head = NegativeBinomialHead()
    with pytest.raises(ValueError, match="scaled but not centred"):
        head.rescaled(head(RAW[:, :2]), torch.ones(50), torch.ones(50))


def test_heads_and_levels_that_are_none_are_refused():
    with pytest.raises(UnknownName, match="did you mean gaussian"):
        create_head("gausian", "mse", ())
    with pytest.raises(UnknownName, match="loss"):
        create_head("point", "rmse", ())
    for levels in ([], [0.5, 0.1], [0.0, 0.5], [0.5, 0.5]):
        with pytest.raises(ValueError, match="rising levels"):
            QuantileHead(levels)
