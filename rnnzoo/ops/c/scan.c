/* h_t = a_t * h_{t-1} + b_t over (B, T, C), forward and backward; a thread takes channels of its own through time.

   Array: a, b, h0, h (forward); a, h, h0, grad_h, grad_final, grad_a, grad_b, grad_h0 (backward; grad_h, grad_final and
   grad_a may be null). Size: T, C. ``order`` are numbers of blocks of CHUNK channels: row * blocks of a row + block. */
#include "recurrence.h"

#define CHUNK 256

int forward(void **array, const int64_t *size, const int64_t *order, int64_t count, const int64_t *lengths) {
    const REAL *const a = array[0], *const b = array[1], *const h0 = array[2];
    REAL *const h = array[3];
    const int64_t T = size[0], C = size[1], blocks = (C + CHUNK - 1) / CHUNK;
    (void)lengths;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = order[i] / blocks, first = order[i] % blocks * CHUNK;
        const int64_t n = C - first < CHUNK ? C - first : CHUNK;
        const REAL *before = h0 + row * C + first;
        for (int64_t t = 0; t < T; t++) {
            const int64_t at = (row * T + t) * C + first;
            const REAL *const a_t = a + at, *const b_t = b + at;
            REAL *const h_t = h + at;
            #pragma GCC ivdep
            for (int64_t c = 0; c < n; c++) h_t[c] = a_t[c] * before[c] + b_t[c];
            before = h_t;
        }
    }
    return 0;
}

int backward(void **array, const int64_t *size, const int64_t *order, int64_t count, const int64_t *lengths) {
    const REAL *const a = array[0], *const h = array[1], *const h0 = array[2], *const grad_h = array[3];
    const REAL *const grad_final = array[4];
    REAL *const grad_a = array[5], *const grad_b = array[6], *const grad_h0 = array[7];
    const int64_t T = size[0], C = size[1], blocks = (C + CHUNK - 1) / CHUNK;
    (void)lengths;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = order[i] / blocks, first = order[i] % blocks * CHUNK;
        const int64_t n = C - first < CHUNK ? C - first : CHUNK;
        REAL carried[CHUNK]; /* the gradient that later steps give to h_t */
        for (int64_t c = 0; c < n; c++) carried[c] = grad_final ? grad_final[row * C + first + c] : (REAL)0;
        for (int64_t t = T - 1; t >= 0; t--) {
            const int64_t at = (row * T + t) * C + first;
            const REAL *const a_t = a + at, *const before = t ? h + at - C : h0 + row * C + first;
            REAL *const u_t = grad_b + at;
            if (grad_h) {
                const REAL *const g_t = grad_h + at;
                #pragma GCC ivdep
                for (int64_t c = 0; c < n; c++) u_t[c] = g_t[c] + carried[c];
            } else {
                memcpy(u_t, carried, sizeof(REAL) * n);
            }
            if (grad_a) {
                REAL *const ga_t = grad_a + at;
                #pragma GCC ivdep
                for (int64_t c = 0; c < n; c++) ga_t[c] = u_t[c] * before[c];
            }
            #pragma GCC ivdep
            for (int64_t c = 0; c < n; c++) carried[c] = a_t[c] * u_t[c];
        }
        memcpy(grad_h0 + row * C + first, carried, sizeof(REAL) * n);
    }
    return 0;
}
