/* Sums over the channels of a row; their order does not depend on the compiler. */
#ifndef ROWS_H
#define ROWS_H
#include "recurrence.h"

#define PARTS (4 * LANES)
#define ROW_OF static __attribute__((noinline, unused)) /* each is called many times, and compiled once */

ROW_OF REAL sum_channels_(int64_t n, const REAL *a) {
    REAL part[PARTS] = {0};
    int64_t j = 0;
    for (; j + PARTS <= n; j += PARTS)
        for (int k = 0; k < PARTS; k++) part[k] += a[j + k];
    for (int k = 0; j < n; j++, k++) part[k] += a[j];
    for (int half = PARTS / 2; half; half /= 2)
        for (int k = 0; k < half; k++) part[k] += part[k + half];
    return part[0];
}

/* Of what is not a number it takes no notice. */
ROW_OF REAL max_channels_(int64_t n, const REAL *a) {
    REAL part[PARTS];
    int64_t j = 0;
    for (int k = 0; k < PARTS; k++) part[k] = (REAL)-__builtin_inf();
    for (; j + PARTS <= n; j += PARTS)
        for (int k = 0; k < PARTS; k++) part[k] = a[j + k] > part[k] ? a[j + k] : part[k];
    for (int k = 0; j < n; j++, k++) part[k] = a[j] > part[k] ? a[j] : part[k];
    for (int half = PARTS / 2; half; half /= 2)
        for (int k = 0; k < half; k++) part[k] = part[k + half] > part[k] ? part[k + half] : part[k];
    return part[0];
}

/* In double precision, as torch's. */
ROW_OF void cumsum_channels_(int64_t n, const REAL *a, REAL *sum) {
    double total = 0;
    for (int64_t j = 0; j < n; j++) sum[j] = (REAL)(total += a[j]);
}

ROW_OF void reverse_cumsum_channels_(int64_t n, const REAL *a, REAL *sum) {
    double total = 0;
    for (int64_t j = n - 1; j >= 0; j--) sum[j] = (REAL)(total += a[j]);
}
#endif
