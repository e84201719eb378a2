"""LRU, S4D, S5 and Mamba: every option against the oracle, and the properties their papers give."""

import math

import numpy as np
import pytest
import torch
from oracles import lru, mamba, s4d, s5
from tolerances import close

from rnnzoo.layers._state_space import as_complex, discretize, hippo_normal
from rnnzoo.layers.lru import LRU
from rnnzoo.layers.mamba import Mamba
from rnnzoo.layers.s4d import INITS, S4D
from rnnzoo.layers.s5 import S5
from rnnzoo.registry import UnknownName
from rnnzoo.tasks._optimization import create_optimizer

ORACLES = {LRU: lru.oracle, S4D: s4d.oracle, S5: s5.oracle, Mamba: mamba.oracle}


def cell(kind, I=3, H=4, *, noise=0.2, **options):
    made = kind(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=noise)
    return made


def state(made, batch):
    return tuple(torch.randn(batch, *shape, dtype=torch.float64) for shape in made.state_shapes)


def same(actual, expected):
    """Complex numbers agree in both parts."""
    close(torch.view_as_real(actual.resolve_conj()), torch.view_as_real(expected.resolve_conj()))


def sequence(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("kind", "I", "options"),
    [
        (LRU, 3, {"state_size": 5}),
        (LRU, 4, {"r_min": 0.5, "r_max": 0.9, "max_phase": 0.3}),
        (S4D, 4, {"state_size": 6, "init": "legs"}),
        (S4D, 3, {"state_size": 2, "init": "inv", "discretization": "bilinear", "bias": False}),
        (S5, 4, {"state_size": 4}),
        (S5, 3, {"state_size": 12, "hippo_blocks": 3, "discretization": "bilinear"}),
        (S5, 3, {}),
        (Mamba, 4, {"bias": False, "conv_size": 2, "expand": 1, "dt_rank": 3}),
        (Mamba, 3, {"state_size": 1, "conv_size": 6, "expand": 3}),
        (Mamba, 3, {"conv_size": 1, "state_size": 2}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_every_option_equals_the_oracle(kind, I, options):
    made = cell(kind, I, **options)
    x, start = sequence(2, 8, I), state(made, 2)
    y, final = made(x, start)
    parameters = {name: parameter.detach().numpy() for name, parameter in made.named_parameters()}
    if kind is Mamba and len(start) == 1:
        start = (*start, torch.zeros(2, 0, 8, dtype=torch.float64))
    expected, ends = ORACLES[kind](x.numpy(), tuple(part.numpy() for part in start), parameters, **options)
    close(y.detach(), torch.as_tensor(expected))
    close(tuple(part.detach() for part in final), tuple(torch.as_tensor(end) for end in ends)[: len(final)])


def decay(made):
    """The eigenvalues of a step, as complex numbers."""
    if isinstance(made, LRU):
        return as_complex(made.eigenvalues())
    return as_complex(made.coefficients(*made.hoist(sequence(1, 1, made.input_size)))[0])


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
@pytest.mark.parametrize(
    ("kind", "options"),
    [(LRU, {}), (S4D, {}), (S4D, {"discretization": "bilinear"}), (S5, {}), (S5, {"discretization": "bilinear"})],
    ids=str,
)
def test_no_parameter_makes_the_state_grow(kind, options, scale):
    made = cell(kind, 4, 16, noise=scale, **options)
    assert (decay(made).abs() < 1).all()
    if not scale:
        assert (decay(made).abs() > 0.1).any()


@pytest.mark.parametrize(("r_min", "r_max", "max_phase"), [(0.0, 1.0, 2 * math.pi), (0.9, 0.999, math.pi / 10)])
def test_lrus_eigenvalues_begin_uniformly_on_the_ring(r_min, r_max, max_phase):
    made = LRU(3, 4, state_size=4000, r_min=r_min, r_max=r_max, max_phase=max_phase, dtype=torch.float64)
    size, angle = decay(made).detach().abs(), torch.exp(made.theta_log).detach()
    assert size.min() >= r_min
    assert size.max() <= r_max
    assert (angle > 0).all()
    assert (angle <= max_phase).all()
    area = (size**2 - r_min**2) / (r_max**2 - r_min**2)  # uniform over the ring's area
    assert abs(area.mean() - 0.5) < 0.03
    assert abs((area < 0.25).double().mean() - 0.25) < 0.03
    assert abs(angle.mean() / max_phase - 0.5) < 0.03


def test_lrus_state_has_the_size_of_its_input_whatever_the_eigenvalue():
    made = LRU(1, 4, state_size=64, r_min=0.3, r_max=0.98, dtype=torch.float64)
    with torch.no_grad():
        made.weight_ih.copy_(torch.cat((torch.ones(64, 1), torch.zeros(64, 1))))
        h, _ = made.recurrence((sequence(400, 300, 1),), made.initial_state(400), None, None)
    power = h[0][:, -1].square().sum(-1).mean(0)  # (N,), of white noise of power 1
    assert (power - 1).abs().max() < 0.4


def test_s4d_is_the_convolution_with_its_vandermonde_kernel():
    for discretization in ("zoh", "bilinear"):
        made = cell(S4D, 4, state_size=6, discretization=discretization)
        u = sequence(2, 40, 4)
        A = (-np.exp(made.log_A_real.detach().numpy())) + 1j * made.A_imag.detach().numpy()
        dt = np.exp(made.log_dt.detach().numpy())[:, None]
        C = made.C.detach().numpy() @ np.array([1, 1j])
        if discretization == "zoh":
            a, b = np.exp(A * dt), (np.exp(A * dt) - 1) / A
        else:
            a, b = (1 + A * dt / 2) / (1 - A * dt / 2), dt / (1 - A * dt / 2)
        kernel = 2 * ((C * b)[..., None] * a[..., None] ** np.arange(40)).sum(1).real  # (H, T)
        spectrum = np.fft.rfft(kernel.T, 80, axis=0) * np.fft.rfft(u.numpy(), 80, axis=1)
        expected = np.fft.irfft(spectrum, 80, axis=1)[:, :40] + made.D.detach().numpy() * u.numpy()
        close(made(u)[0].detach(), torch.as_tensor(expected))


def test_s4ds_eigenvalues_begin_where_the_paper_puts_them():
    N = 16
    n = torch.arange(N // 2, dtype=torch.float64)
    made = {init: S4D(4, 4, state_size=N, init=init, dtype=torch.float64) for init in INITS}
    for each in made.values():
        close(each.log_A_real.detach().exp(), torch.full((4, N // 2), 0.5, dtype=torch.float64))
    close(made["lin"].A_imag.detach(), (math.pi * n).expand(4, -1))
    close(made["inv"].A_imag.detach(), (N / math.pi * (N / (2 * n + 1) - 1)).expand(4, -1))
    close(made["legs"].A_imag.detach(), hippo_normal(N)[0].imag.expand(4, -1))


@pytest.mark.parametrize("N", [2, 8, 64])
def test_hippos_normal_part_is_the_matrix_less_its_rank_one_part(N):
    n = np.arange(N)
    A = -np.tril(np.sqrt(np.outer(2 * n + 1, 2 * n + 1)), -1) - np.diag(n + 1)
    normal = A + np.outer(np.sqrt(n + 0.5), np.sqrt(n + 0.5))
    eigenvalues, V, B = hippo_normal(N)
    everything = torch.cat((eigenvalues, eigenvalues.conj()))
    both = torch.cat((V, V.conj()), 1)
    same(both @ everything.diag() @ both.mH, torch.as_tensor(normal + 0j))
    same(B, V.mH @ torch.sqrt(torch.arange(N, dtype=torch.float64) * 2 + 1).to(V.dtype))
    assert (eigenvalues.imag > 0).all()


def test_s5_begins_as_the_hippo_state_space():
    made = S5(50, 40, state_size=64, dtype=torch.float64)
    same(torch.complex(-made.log_Lambda_real.detach().exp(), made.Lambda_imag.detach()), hippo_normal(64)[0])
    assert 64 * as_complex(made.weight_ih.detach().unflatten(0, (2, 32)).movedim(0, -1)).abs().square().mean() == (
        pytest.approx(1, abs=0.15)
    )
    assert 64 * as_complex(made.C.detach()).abs().square().mean() == pytest.approx(2, abs=0.3)
    blocks = S5(5, 4, state_size=8, hippo_blocks=2, dtype=torch.float64)
    close(blocks.Lambda_imag.detach(), hippo_normal(4)[0].imag.repeat(2))


@pytest.mark.parametrize("discretization", ["zoh", "bilinear"])
def test_steps_of_half_the_size_are_the_same_system_in_finer_time(discretization):
    log_real, imag = torch.zeros(3, dtype=torch.float64), torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)

    def after_one_second(steps):
        log_dt = torch.tensor(-math.log(steps), dtype=torch.float64)
        a, b = (as_complex(each) for each in discretize(log_real, imag, log_dt, discretization))
        h = torch.zeros_like(a)
        for _ in range(steps):
            h = a * h + b
        return h

    A = torch.complex(-log_real.exp(), imag)
    exact = (torch.exp(A) - 1) / A  # of x' = A x + 1 after a second
    if discretization == "zoh":
        same(after_one_second(1), exact)
    else:
        errors = [(after_one_second(steps) - exact).abs().max() for steps in (8, 16, 32)]
        assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)  # of second order
        assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_small_steps_keep_their_digits_in_single_precision():
    log_real, imag = torch.tensor([math.log(0.5)]), torch.tensor([0.0])
    _, b = discretize(log_real, imag, torch.tensor([math.log(1e-5)]), "zoh")
    exact = -math.expm1(-0.5e-5) / 0.5
    assert b[..., 0].item() == pytest.approx(exact, rel=1e-6)  # exp(A dt) - 1 would be wrong in the third digit


def test_mamba_of_constant_choices_is_a_linear_filter():
    made = cell(Mamba, 3, 4, state_size=3, conv_size=1, bias=False)
    E, N, T = 8, 3, 30
    with torch.no_grad():
        made.x_weight.zero_()  # then dt is that of its bias, and nothing else is chosen
        u = torch.randn(1, T, E, dtype=torch.float64)
        B, C = torch.randn(N, dtype=torch.float64), torch.randn(N, dtype=torch.float64)
        dt = torch.nn.functional.softplus(made.dt_bias).expand(1, T, E)
        values = (dt, torch.ones_like(u), u, B.expand(1, T, N), C.expand(1, T, N))
        h, _ = made.recurrence(values, made.initial_state(1)[:1], None, None)
        y = made.readout(*h, *values)
        step, A = dt[0, 0].numpy(), -np.exp(made.A_log.numpy())
        powers = np.exp(step[:, None] * A)[None] ** np.arange(T)[:, None, None]  # (T, E, N)
        kernel = step * (powers @ (B * C).numpy())  # (T, E)
        filtered = [np.convolve(kernel[:, e], u[0, :, e].numpy())[:T] for e in range(E)]
        expected = (np.stack(filtered, 1) + made.D.numpy() * u[0].numpy()) @ made.out_weight.numpy().T
    close(y[0], torch.as_tensor(expected))


def test_mamba_resets_at_a_large_step_and_keeps_at_a_small_one():
    made = cell(Mamba, 3, 4, state_size=3)
    with torch.no_grad():
        x, start = sequence(1, 1, 3), state(made, 1)
        made.dt_bias.fill_(-40.0)
        close(made(x, start)[1][0], start[0])
        made.dt_bias.fill_(200.0)
        other = (torch.randn_like(start[0]), start[1])
        close(made(x, start)[1][0], made(x, other)[1][0])


def test_mambas_steps_begin_in_their_range():
    made = Mamba(3, 64, dt_min=0.002, dt_max=0.05, dtype=torch.float64)
    dt = torch.nn.functional.softplus(made.dt_bias).detach()
    assert 0.002 <= dt.min() < 0.003
    assert 0.04 < dt.max() <= 0.05
    close(-made.A_log.detach().exp()[5], -torch.arange(1.0, 17.0, dtype=torch.float64))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (LRU, {"nu_log", "theta_log", "gamma_log"}),
        (S4D, {"log_dt", "log_A_real", "A_imag"}),
        (S5, {"log_Lambda_real", "Lambda_imag", "log_step", "weight_ih"}),
        (Mamba, {"A_log", "D"}),
    ],
)
def test_weight_decay_leaves_the_time_scales_alone(kind, names):
    made = kind(3, 4)
    groups = create_optimizer("adamw", made, learning_rate=0.1, weight_decay=0.3).param_groups
    by_id = {id(parameter): name for name, parameter in made.named_parameters()}
    decays = {by_id[id(p)]: group["weight_decay"] for group in groups for p in group["params"]}
    assert decays == {name: 0.0 if name in names else 0.3 for name in by_id.values()}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LRU(3, 4, r_min=0.9, r_max=0.5), ValueError, "r_min is 0.9 and r_max is 0.5; expected a ring"),
        (lambda: LRU(3, 4, max_phase=7.0), ValueError, "max_phase is 7.0; expected an angle"),
        (lambda: LRU(3, 4, state_size=0), ValueError, "state_size is 0"),
        (lambda: S4D(3, 4, state_size=5), ValueError, "state_size is 5; expected a multiple of 2: conjugate pairs"),
        (lambda: S4D(3, 4, init="line"), UnknownName, "unknown init 'line'; did you mean lin"),
        (lambda: S4D(3, 4, discretization="zo"), UnknownName, "unknown discretization 'zo'; did you mean zoh"),
        (lambda: S4D(3, 4, dt_min=0.1, dt_max=0.01), ValueError, "dt_min is 0.1 and dt_max is 0.01"),
        (lambda: S5(3, 4, state_size=4, hippo_blocks=4), ValueError, "multiple of 8: conjugate pairs in 4 blocks"),
        (lambda: S5(3, 4, dt_min=0.0), ValueError, "dt_min is 0.0"),
        (lambda: Mamba(3, 4, expand=0), ValueError, "expand is 0"),
        (lambda: Mamba(3, 4, dt_rank=-1), ValueError, "dt_rank is -1"),
    ],
)
def test_bad_options_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", ORACLES)
def test_half_precision_gives_finite_results_near_those_of_double(kind, dtype):
    made = kind(3, 4, dtype=dtype)
    x = torch.randn(2, 40, 3, dtype=dtype)
    y, state = made(x)
    assert {part.dtype for part in (y, *state)} == {dtype}
    assert all(part.isfinite().all() for part in (*state, *torch.autograd.grad(y.sum(), list(made.parameters()))))
    expected = made.double()(x.double())[0].detach()
    torch.testing.assert_close(y.double(), expected, atol=0.05 * float(expected.abs().max()), rtol=0.05)
