/* Vectors of LANES numbers, and sums over them. */
#ifndef VECTORS_H
#define VECTORS_H
#include "recurrence.h"

typedef REAL VECTOR __attribute__((vector_size(32), aligned(sizeof(REAL))));
typedef REAL HALF __attribute__((vector_size(16)));

INLINE VECTOR load(const REAL *from, int64_t channels) {
    VECTOR v = {0};
    if (channels >= LANES) v = *(const VECTOR *)from;
    else memcpy(&v, from, sizeof(REAL) * channels);
    return v;
}

INLINE void store(REAL *to, VECTOR v, int64_t channels) {
    if (channels >= LANES) *(VECTOR *)to = v;
    else memcpy(to, &v, sizeof(REAL) * channels);
}

INLINE REAL total(VECTOR v) {
    HALF half[2];
    memcpy(half, &v, sizeof v);
    half[0] += half[1];
    REAL sum = half[0][0];
    for (int l = 1; l < LANES / 2; l++) sum += half[0][l];
    return sum;
}

#define EACH_LANE(name, expression) \
    INLINE VECTOR name(VECTOR v) { \
        VECTOR result; \
        for (int l = 0; l < LANES; l++) { const REAL x = v[l]; result[l] = expression; } \
        return result; \
    }

INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
#endif
