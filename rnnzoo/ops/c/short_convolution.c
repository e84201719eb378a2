/* A short causal convolution of each channel by itself, and SiLU of it: ops/short_convolution.py, forward and backward.

   With p_t = sum_j w_j x_{t+j} + bias, y_t = p_t sigmoid(p_t); x has the `taps` - 1 steps before y's first in front. An
   item is a row's block of `WIDE` vectors of channels, which a thread takes through time. */
#include "vectors.h"

#define WIDE 4
#define BLOCK (WIDE * LANES)

EACH_LANE(sigmoid_of, sigmoid_(x))

typedef struct { int64_t T, channels, taps, blocks; const REAL *x, *weight, *bias; } GIVEN;

INLINE GIVEN given(void *const *array, const int64_t *size) {
    return (GIVEN){size[0], size[1], size[2], (size[1] + BLOCK - 1) / BLOCK, array[0], array[1], array[2]};
}

/* Weight (channels, taps) and bias of a block of channels, filled up with zeros: (taps + 1, BLOCK), the bias last. */
static void gathered(const GIVEN *g, int64_t c0, int64_t there, REAL *to) {
    memset(to, 0, sizeof(REAL) * (g->taps + 1) * BLOCK);
    for (int64_t c = 0; c < there; c++) {
        for (int64_t j = 0; j < g->taps; j++) to[j * BLOCK + c] = g->weight[(c0 + c) * g->taps + j];
        if (g->bias) to[g->taps * BLOCK + c] = g->bias[c0 + c];
    }
}

/* p at a step whose window begins at x. */
INLINE VECTOR convolved(const GIVEN *g, const REAL *x, const REAL *weight, int64_t there) {
    VECTOR p = *(const VECTOR *)(weight + g->taps * BLOCK);
    for (int64_t j = 0; j < g->taps; j++)
        p += *(const VECTOR *)(weight + j * BLOCK) * load(x + j * g->channels, there);
    return p;
}

/* After x (B, taps - 1 + T, channels), weight and bias: y (B, T, channels). */
int forward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const GIVEN g = given(array, size);
    REAL *const y = array[3], *const weight = malloc(sizeof(REAL) * (g.taps + 1) * BLOCK);
    if (!weight) return 1;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / g.blocks, c0 = i % g.blocks * BLOCK;
        gathered(&g, c0, least(BLOCK, g.channels - c0), weight);
        for (int64_t t = 0; t < g.T; t++)
            for (int64_t c = c0; c < least(c0 + BLOCK, g.channels); c += LANES) {
                const REAL *const x = g.x + (row * (g.T + g.taps - 1) + t) * g.channels + c;
                const VECTOR p = convolved(&g, x, weight + c - c0, g.channels - c);
                store(y + (row * g.T + t) * g.channels + c, p * sigmoid_of(p), g.channels - c);
            }
    }
    free(weight);
    return 0;
}

/* After x, weight and bias: the gradient of y; where those of x, of weight and bias of each row (B, taps + 1, channels),
   the bias last, go: sums over rows must not depend on how items go to threads. */
int backward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const GIVEN g = given(array, size);
    const REAL *const grad_y = array[3];
    REAL *const grad_x = array[4], *const grad_weight = array[5];
    const int64_t before = g.taps - 1, room = (g.taps + 1) * BLOCK;
    REAL *const weight = malloc(sizeof(REAL) * 2 * room), *const sum = weight + room;
    if (!weight) return 1;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / g.blocks, c0 = i % g.blocks * BLOCK, there = least(BLOCK, g.channels - c0);
        REAL *const gx = grad_x + row * (g.T + before) * g.channels + c0;
        gathered(&g, c0, there, weight);
        memset(sum, 0, sizeof(REAL) * room);
        for (int64_t t = 0; t < g.T + before; t++) memset(gx + t * g.channels, 0, sizeof(REAL) * there);
        for (int64_t t = 0; t < g.T; t++)
            for (int64_t c = 0; c < there; c += LANES) {
                const REAL *const x = g.x + (row * (g.T + before) + t) * g.channels + c0 + c;
                const VECTOR p = convolved(&g, x, weight + c, there - c), open = sigmoid_of(p);
                VECTOR slope = load(grad_y + (row * g.T + t) * g.channels + c0 + c, there - c);
                slope *= open + p * open * ((REAL)1 - open);
                for (int64_t j = 0; j < g.taps; j++) {
                    REAL *const to = gx + (t + j) * g.channels + c;
                    store(to, load(to, there - c) + slope * *(VECTOR *)(weight + j * BLOCK + c), there - c);
                    *(VECTOR *)(sum + j * BLOCK + c) += slope * load(x + j * g.channels, there - c);
                }
                *(VECTOR *)(sum + g.taps * BLOCK + c) += slope;
            }
        for (int64_t j = 0; j <= g.taps; j++)
            memcpy(grad_weight + (row * (g.taps + 1) + j) * g.channels + c0, sum + j * BLOCK, sizeof(REAL) * there);
    }
    free(weight);
    return 0;
}
