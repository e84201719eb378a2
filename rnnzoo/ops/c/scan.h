/* h_t = a_t * h_{t-1} + b_t over time, forward and backward, for one kind of NUMBER; included once for each kind (scan.c).

   Channels are G groups of R that share a coefficient; R is 1 where a varies over all of them. A thread takes blocks of
   `wide` groups of one row through all steps: numbers `first` to `first + count`, a block's number being row * blocks of
   a row + block. Rows and steps of what is read lie `..._row` and `..._step` NUMBERs apart, 0 where nothing varies. */

int NAME(forward)(void **array, const int64_t *size, int64_t first, int64_t count) {
    const NUMBER *const a = array[0], *const b = array[1], *const h0 = array[2];
    NUMBER *const h = array[3], *const final = array[4];
    const int64_t *const lengths = array[5];
    const int64_t T = size[0], G = size[1], R = size[2], a_row = size[3], a_step = size[4];
    const int64_t b_row = size[5], b_step = size[6], wide = size[7];
    const int64_t C = G * R, blocks = (G + wide - 1) / wide;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / blocks, g0 = i % blocks * wide, c0 = g0 * R;
        const int64_t groups = G - g0 < wide ? G - g0 : wide, n = groups * R;
        const int64_t end = lengths ? lengths[row] : T;
        const NUMBER *before = h0 + row * C + c0;
        for (int64_t t = 0; t < end; t++) {
            const NUMBER *const a_t = a + row * a_row + t * a_step + g0, *const b_t = b + row * b_row + t * b_step + c0;
            NUMBER *const h_t = h + (row * T + t) * C + c0;
            if (R == 1) {
                #pragma GCC ivdep
                for (int64_t c = 0; c < n; c++) h_t[c] = after(a_t[c], before[c], b_t[c]);
            } else {
                for (int64_t g = 0; g < groups; g++) {
                    const NUMBER shared = a_t[g];
                    #pragma GCC ivdep
                    for (int64_t c = g * R; c < (g + 1) * R; c++) h_t[c] = after(shared, before[c], b_t[c]);
                }
            }
            before = h_t;
        }
        memcpy(final + row * C + c0, before, sizeof(NUMBER) * n);
        for (int64_t t = end; t < T; t++) memset(h + (row * T + t) * C + c0, 0, sizeof(NUMBER) * n);
    }
    return 0;
}

#ifndef FORWARD_ONLY
/* One step backward: u_t = g_t + what later steps give; grad_a_t, if there is one, and what u_t gives to h_{t-1}. */
INLINE void NAME(step)(const int has_g, const int has_a, const int adds, int64_t groups, int64_t R, const NUMBER *a_t,
                       const NUMBER *before, const NUMBER *g_t, NUMBER *u_t, NUMBER *ga_t, NUMBER *carried) {
    if (R == 1) {
        #pragma GCC ivdep
        for (int64_t c = 0; c < groups; c++) {
            const NUMBER u = has_g ? sum(g_t[c], carried[c]) : carried[c];
            u_t[c] = u;
            if (has_a) ga_t[c] = adds ? sum(ga_t[c], times_conj(u, before[c])) : times_conj(u, before[c]);
            carried[c] = times_conj(u, a_t[c]);
        }
        return;
    }
    for (int64_t g = 0; g < groups; g++) {
        const NUMBER shared = a_t[g];
        NUMBER total = adds ? ga_t[g] : (NUMBER)ZERO;
        #pragma GCC ivdep
        for (int64_t c = g * R; c < (g + 1) * R; c++) {
            const NUMBER u = has_g ? sum(g_t[c], carried[c]) : carried[c];
            u_t[c] = u;
            carried[c] = times_conj(u, shared);
        }
        if (has_a) {
            for (int64_t c = g * R; c < (g + 1) * R; c++) total = sum(total, times_conj(u_t[c], before[c]));
            ga_t[g] = total;
        }
    }
}

/* grad_a (B, T, G), or (B, 1, G) where a_step is 0; grad_h and grad_final may be null, and so may grad_a. */
int NAME(backward)(void **array, const int64_t *size, int64_t first, int64_t count) {
    const NUMBER *const a = array[0], *const h = array[1], *const h0 = array[2], *const grad_h = array[3];
    const NUMBER *const grad_final = array[4];
    NUMBER *const grad_a = array[5], *const grad_b = array[6], *const grad_h0 = array[7];
    const int64_t *const lengths = array[8];
    const int64_t T = size[0], G = size[1], R = size[2], a_row = size[3], a_step = size[4];
    const int64_t g_row = size[5], g_step = size[6], wide = size[7];
    const int64_t C = G * R, blocks = (G + wide - 1) / wide;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / blocks, g0 = i % blocks * wide, c0 = g0 * R;
        const int64_t groups = G - g0 < wide ? G - g0 : wide, n = groups * R;
        const int64_t end = lengths ? lengths[row] : T;
        NUMBER *const carried = grad_h0 + row * C + c0; /* the gradient that later steps give to h_t */
        NUMBER *const summed = grad_a ? grad_a + row * G + g0 : NULL;
        if (grad_final) memcpy(carried, grad_final + row * C + c0, sizeof(NUMBER) * n);
        else memset(carried, 0, sizeof(NUMBER) * n);
        if (grad_a && !a_step) memset(summed, 0, sizeof(NUMBER) * groups);
        for (int64_t t = end; t < T; t++) {
            memset(grad_b + (row * T + t) * C + c0, 0, sizeof(NUMBER) * n);
            if (grad_a && a_step) memset(grad_a + (row * T + t) * G + g0, 0, sizeof(NUMBER) * groups);
        }
        for (int64_t t = end - 1; t >= 0; t--) {
            const int64_t at = (row * T + t) * C + c0;
            const NUMBER *const a_t = a + row * a_row + t * a_step + g0;
            const NUMBER *const before = t ? h + at - C : h0 + row * C + c0;
            const NUMBER *const g_t = grad_h ? grad_h + row * g_row + t * g_step + c0 : NULL;
            NUMBER *const u_t = grad_b + at, *const ga_t = grad_a ? grad_a + (row * T + t) * G + g0 : NULL;
            switch ((grad_h ? 3 : 0) + (grad_a ? (a_step ? 1 : 2) : 0)) {
                case 0: NAME(step)(0, 0, 0, groups, R, a_t, before, g_t, u_t, ga_t, carried); break;
                case 1: NAME(step)(0, 1, 0, groups, R, a_t, before, g_t, u_t, ga_t, carried); break;
                case 2: NAME(step)(0, 1, 1, groups, R, a_t, before, g_t, u_t, summed, carried); break;
                case 3: NAME(step)(1, 0, 0, groups, R, a_t, before, g_t, u_t, ga_t, carried); break;
                case 4: NAME(step)(1, 1, 0, groups, R, a_t, before, g_t, u_t, ga_t, carried); break;
                case 5: NAME(step)(1, 1, 1, groups, R, a_t, before, g_t, u_t, summed, carried); break;
            }
        }
    }
    return 0;
}
#endif
