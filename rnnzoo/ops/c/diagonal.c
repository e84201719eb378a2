/* The diagonal state space of ops/state_space.py, forward and backward, over complex numbers. a, b, C and what becomes
   of them lie as six numbers (a, b, C, each real part then imaginary part) a channel and state: (blocks, N, 6, LANES);
   states as two, (blocks, N, 2, LANES). */
#include "state_space.h"

int forward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const REAL *const u = array[0], *const weights = array[1], *const D = array[2], *const h0 = array[3];
    REAL *const y = array[4], *const final = array[5], *const kept = array[6];
    const int64_t *const lengths = array[7];
    const int64_t T = size[0], E = size[1], N = size[2], group = size[3], blocks = (E + LANES - 1) / LANES;
    for (int64_t i = first; i < first + count; i++) {
        const ITEM item = item_of(i, T, blocks, group, lengths);
        for (int64_t s = 0; s < item.end; s += CHUNK) {
            const int64_t steps = item.end - s < CHUNK ? item.end - s : CHUNK;
            for (int64_t b = item.b0; b < item.b1; b++) {
                const int64_t here = E - b * LANES, place = (item.row * blocks + b) * N * 2 * LANES;
                const int64_t at = (item.row * T + s) * E + b * LANES;
                VECTOR in[CHUNK], sum[CHUNK], d = load(D + b * LANES, here);
                if (!s) memcpy(final + place, h0 + place, sizeof(VECTOR) * 2 * N);
                if (kept)
                    memcpy(kept + ((item.row * item.chunks + s / CHUNK) * blocks + b) * N * 2 * LANES, final + place,
                           sizeof(VECTOR) * 2 * N);
                for (int64_t t = 0; t < steps; t++) {
                    in[t] = load(u + at + t * E, here);
                    sum[t] = d * in[t];
                }
                for (int64_t n = 0; n < N; n++) {
                    const VECTOR *const w = (const VECTOR *)weights + (b * N + n) * 6;
                    const VECTOR a_re = w[0], a_im = w[1], b_re = w[2], b_im = w[3], c_re = w[4], c_im = w[5];
                    VECTOR *const state = (VECTOR *)(final + place) + 2 * n;
                    VECTOR re = state[0], im = state[1];
                    for (int64_t t = 0; t < steps; t++) {
                        const VECTOR next = (b_re * in[t] - a_im * im) + a_re * re;
                        im = (b_im * in[t] + a_im * re) + a_re * im;
                        re = next;
                        sum[t] += c_re * re - c_im * im;
                    }
                    state[0] = re;
                    state[1] = im;
                }
                for (int64_t t = 0; t < steps; t++) store(y + at + t * E, sum[t], here);
            }
        }
        zero_beyond(y, item, T, E);
    }
    return 0;
}

/* The gradients of the six numbers, (B, blocks, N, 6, LANES), and of D, (B, blocks, LANES), are of each row: their sums
   must not depend on how items go to threads. */
int backward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const REAL *const u = array[0], *const weights = array[1], *const D = array[2], *const kept = array[3];
    const REAL *const grad_y = array[4], *const grad_final = array[5];
    REAL *const grad_u = array[6], *const grad_weights = array[7], *const grad_D = array[8], *const grad_h0 = array[9];
    const int64_t *const lengths = array[10];
    const int64_t T = size[0], E = size[1], N = size[2], group = size[3], blocks = (E + LANES - 1) / LANES;
    for (int64_t i = first; i < first + count; i++) {
        const ITEM item = item_of(i, T, blocks, group, lengths);
        const int64_t place = (item.row * blocks + item.b0) * LANES, wide = (item.b1 - item.b0) * LANES;
        if (grad_final) memcpy(grad_h0 + place * 2 * N, grad_final + place * 2 * N, sizeof(REAL) * wide * 2 * N);
        else memset(grad_h0 + place * 2 * N, 0, sizeof(REAL) * wide * 2 * N);
        memset(grad_weights + place * 6 * N, 0, sizeof(REAL) * wide * 6 * N);
        memset(grad_D + place, 0, sizeof(REAL) * wide);
        for (int64_t s = (item.end - 1) / CHUNK * CHUNK; s >= 0; s -= CHUNK) {
            const int64_t steps = item.end - s < CHUNK ? item.end - s : CHUNK;
            for (int64_t b = item.b0; b < item.b1; b++) {
                const int64_t here = E - b * LANES, at = (item.row * T + s) * E + b * LANES;
                const REAL *const begin = kept + ((item.row * item.chunks + s / CHUNK) * blocks + b) * N * 2 * LANES;
                VECTOR in[CHUNK], g[CHUNK], g_in[CHUNK], re[CHUNK + 1], im[CHUNK + 1];
                VECTOR d = load(D + b * LANES, here), g_d = {0};
                for (int64_t t = 0; t < steps; t++) {
                    in[t] = load(u + at + t * E, here);
                    g[t] = load(grad_y + at + t * E, here);
                    g_in[t] = d * g[t];
                    g_d += g[t] * in[t];
                }
                for (int64_t n = 0; n < N; n++) {
                    const VECTOR *const w = (const VECTOR *)weights + (b * N + n) * 6;
                    const VECTOR a_re = w[0], a_im = w[1], b_re = w[2], b_im = w[3], c_re = w[4], c_im = w[5];
                    VECTOR *const slopes = (VECTOR *)grad_weights + ((item.row * blocks + b) * N + n) * 6;
                    VECTOR *const later = (VECTOR *)grad_h0 + ((item.row * blocks + b) * N + n) * 2;
                    VECTOR g_re = later[0], g_im = later[1], da_re = {0}, da_im = {0}, db_re = {0}, db_im = {0};
                    VECTOR dc_re = {0}, dc_im = {0};
                    re[0] = ((const VECTOR *)begin)[2 * n];
                    im[0] = ((const VECTOR *)begin)[2 * n + 1];
                    for (int64_t t = 0; t < steps; t++) {
                        re[t + 1] = (b_re * in[t] - a_im * im[t]) + a_re * re[t];
                        im[t + 1] = (b_im * in[t] + a_im * re[t]) + a_re * im[t];
                    }
                    for (int64_t t = steps - 1; t >= 0; t--) {
                        dc_re += g[t] * re[t + 1];
                        dc_im -= g[t] * im[t + 1];
                        g_re += c_re * g[t]; /* the gradient of this step's state */
                        g_im -= c_im * g[t];
                        db_re += g_re * in[t];
                        db_im += g_im * in[t];
                        g_in[t] += b_re * g_re + b_im * g_im;
                        da_re += g_re * re[t] + g_im * im[t];
                        da_im += g_im * re[t] - g_re * im[t];
                        const VECTOR before = a_re * g_re + a_im * g_im;
                        g_im = a_re * g_im - a_im * g_re;
                        g_re = before;
                    }
                    later[0] = g_re;
                    later[1] = g_im;
                    slopes[0] += da_re;
                    slopes[1] += da_im;
                    slopes[2] += db_re;
                    slopes[3] += db_im;
                    slopes[4] += dc_re;
                    slopes[5] += dc_im;
                }
                for (int64_t t = 0; t < steps; t++) store(grad_u + at + t * E, g_in[t], here);
                REAL *const sum_D = grad_D + (item.row * blocks + b) * LANES;
                store(sum_D, load(sum_D, LANES) + g_d, LANES);
            }
        }
        zero_beyond(grad_u, item, T, E);
    }
    return 0;
}
