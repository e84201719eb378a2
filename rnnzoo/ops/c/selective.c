/* The selective state space of ops/state_space.py, forward and backward. */
#include "state_space.h"

EACH_LANE(exp_of, exp_(x))
EACH_LANE(sigmoid_of, sigmoid_(x))
EACH_LANE(step_of, x > (REAL)20 ? x : softplus_(x))
EACH_LANE(step_slope, x > (REAL)20 ? (REAL)1 : sigmoid_(x))

int forward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const REAL *const u = array[0], *const r = array[1], *const z = array[2], *const A = array[3], *const B = array[4];
    const REAL *const C = array[5], *const D = array[6], *const h0 = array[7];
    REAL *const y = array[8], *const final = array[9], *const kept = array[10];
    const int64_t *const lengths = array[11];
    const int64_t T = size[0], E = size[1], N = size[2], group = size[3], blocks = (E + LANES - 1) / LANES;
    for (int64_t i = first; i < first + count; i++) {
        const ITEM item = item_of(i, T, blocks, group, lengths);
        for (int64_t s = 0; s < item.end; s += CHUNK) {
            const int64_t steps = item.end - s < CHUNK ? item.end - s : CHUNK;
            for (int64_t b = item.b0; b < item.b1; b++) {
                const int64_t here = E - b * LANES, place = (item.row * blocks + b) * N * LANES;
                const int64_t at = (item.row * T + s) * E + b * LANES;
                VECTOR dt[CHUNK], du[CHUNK], sum[CHUNK], d = load(D + b * LANES, here);
                if (!s) memcpy(final + place, h0 + place, sizeof(VECTOR) * N);
                if (kept)
                    memcpy(kept + ((item.row * item.chunks + s / CHUNK) * blocks + b) * N * LANES, final + place,
                           sizeof(VECTOR) * N);
                for (int64_t t = 0; t < steps; t++) {
                    const VECTOR in = load(u + at + t * E, here);
                    dt[t] = step_of(load(r + at + t * E, here));
                    du[t] = dt[t] * in;
                    sum[t] = d * in;
                }
                for (int64_t n = 0; n < N; n++) {
                    const VECTOR rate = load(A + (b * N + n) * LANES, LANES);
                    const REAL *const in = B + (item.row * T + s) * N + n, *const out = C + (item.row * T + s) * N + n;
                    VECTOR h = load(final + place + n * LANES, LANES);
                    for (int64_t t = 0; t < steps; t++) {
                        h = exp_of(dt[t] * rate) * h + du[t] * in[t * N];
                        sum[t] += h * out[t * N];
                    }
                    store(final + place + n * LANES, h, LANES);
                }
                for (int64_t t = 0; t < steps; t++) {
                    const VECTOR gate = load(z + at + t * E, here);
                    store(y + at + t * E, sum[t] * gate * sigmoid_of(gate), here);
                }
            }
        }
        zero_beyond(y, item, T, E);
    }
    return 0;
}

/* grad_A (B, blocks, N, LANES) and grad_D (B, blocks, LANES) for each row, grad_B and grad_C (B, groups, T, N) for each
   group: their sums must not depend on how items go to threads. */
int backward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const REAL *const u = array[0], *const r = array[1], *const z = array[2], *const A = array[3], *const B = array[4];
    const REAL *const C = array[5], *const D = array[6], *const kept = array[7];
    const REAL *const grad_y = array[8], *const grad_final = array[9];
    REAL *const grad_u = array[10], *const grad_r = array[11], *const grad_z = array[12], *const grad_A = array[13];
    REAL *const grad_B = array[14], *const grad_C = array[15], *const grad_D = array[16], *const grad_h0 = array[17];
    const int64_t *const lengths = array[18];
    const int64_t T = size[0], E = size[1], N = size[2], group = size[3], blocks = (E + LANES - 1) / LANES;
    const int64_t groups = (blocks + group - 1) / group;
    VECTOR *const sums_B = malloc(sizeof(VECTOR) * 2 * N * CHUNK), *const sums_C = sums_B + N * CHUNK;
    if (!sums_B) return 1;
    for (int64_t i = first; i < first + count; i++) {
        const ITEM item = item_of(i, T, blocks, group, lengths);
        const int64_t place = (item.row * blocks + item.b0) * LANES, wide = (item.b1 - item.b0) * LANES;
        if (grad_final) memcpy(grad_h0 + place * N, grad_final + place * N, sizeof(REAL) * wide * N);
        else memset(grad_h0 + place * N, 0, sizeof(REAL) * wide * N);
        memset(grad_A + place * N, 0, sizeof(REAL) * wide * N);
        memset(grad_D + place, 0, sizeof(REAL) * wide);
        for (int64_t s = (item.end - 1) / CHUNK * CHUNK; s >= 0; s -= CHUNK) {
            const int64_t steps = item.end - s < CHUNK ? item.end - s : CHUNK;
            memset(sums_B, 0, sizeof(VECTOR) * 2 * N * CHUNK);
            for (int64_t b = item.b0; b < item.b1; b++) {
                const int64_t here = E - b * LANES, at = (item.row * T + s) * E + b * LANES;
                const REAL *const begin = kept + ((item.row * item.chunks + s / CHUNK) * blocks + b) * N * LANES;
                VECTOR dt[CHUNK], du[CHUNK], sum[CHUNK], g[CHUNK], g_dt[CHUNK], g_du[CHUNK];
                VECTOR a[CHUNK], states[CHUNK + 1], d = load(D + b * LANES, here), g_d = {0};
                for (int64_t t = 0; t < steps; t++) {
                    const VECTOR in = load(u + at + t * E, here), gate = load(z + at + t * E, here);
                    dt[t] = step_of(load(r + at + t * E, here));
                    du[t] = dt[t] * in;
                    sum[t] = d * in;
                    g[t] = load(grad_y + at + t * E, here) * gate * sigmoid_of(gate);
                    g_dt[t] = g_du[t] = (VECTOR){0};
                    g_d += g[t] * in;
                }
                for (int64_t n = 0; n < N; n++) {
                    const int64_t number = ((item.row * blocks + b) * N + n) * LANES;
                    const VECTOR rate = load(A + (b * N + n) * LANES, LANES);
                    const REAL *const in = B + (item.row * T + s) * N + n, *const out = C + (item.row * T + s) * N + n;
                    VECTOR h = load(begin + n * LANES, LANES), carried = load(grad_h0 + number, LANES);
                    VECTOR g_rate = load(grad_A + number, LANES);
                    states[0] = h;
                    for (int64_t t = 0; t < steps; t++) {
                        a[t] = exp_of(dt[t] * rate);
                        h = a[t] * h + du[t] * in[t * N];
                        states[t + 1] = h;
                        sum[t] += h * out[t * N];
                    }
                    for (int64_t t = steps - 1; t >= 0; t--) {
                        sums_C[n * CHUNK + t] += g[t] * states[t + 1];
                        carried += g[t] * out[t * N]; /* the gradient of this step's state */
                        sums_B[n * CHUNK + t] += carried * du[t];
                        g_du[t] += carried * in[t * N];
                        carried *= a[t];
                        const VECTOR exponent = carried * states[t];
                        g_dt[t] += exponent * rate;
                        g_rate += exponent * dt[t];
                    }
                    store(grad_h0 + number, carried, LANES);
                    store(grad_A + number, g_rate, LANES);
                }
                for (int64_t t = 0; t < steps; t++) {
                    const VECTOR in = load(u + at + t * E, here), gate = load(z + at + t * E, here);
                    const VECTOR open = sigmoid_of(gate), slope = open + gate * open * ((REAL)1 - open);
                    store(grad_z + at + t * E, load(grad_y + at + t * E, here) * sum[t] * slope, here);
                    store(grad_u + at + t * E, d * g[t] + g_du[t] * dt[t], here);
                    store(grad_r + at + t * E,
                          (g_dt[t] + g_du[t] * in) * step_slope(load(r + at + t * E, here)), here);
                }
                REAL *const sum_D = grad_D + (item.row * blocks + b) * LANES;
                store(sum_D, load(sum_D, LANES) + g_d, LANES);
            }
            for (int64_t t = 0; t < steps; t++) {
                const int64_t at = ((item.row * groups + item.number) * T + s + t) * N;
                for (int64_t n = 0; n < N; n++) {
                    grad_B[at + n] = total(sums_B[n * CHUNK + t]);
                    grad_C[at + n] = total(sums_C[n * CHUNK + t]);
                }
            }
        }
        zero_beyond(grad_u, item, T, E);
        zero_beyond(grad_r, item, T, E);
        zero_beyond(grad_z, item, T, E);
        const int64_t beyond = ((item.row * groups + item.number) * T + item.end) * N;
        memset(grad_B + beyond, 0, sizeof(REAL) * (T - item.end) * N);
        memset(grad_C + beyond, 0, sizeof(REAL) * (T - item.end) * N);
    }
    free(sums_B);
    return 0;
}
