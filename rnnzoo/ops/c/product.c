/* The product of a few rows with a weight in panels, see recurrence.h. */
#include "recurrence.h"

typedef REAL VECTOR __attribute__((vector_size(32), aligned(sizeof(REAL))));

/* rows x panels of the result stay in registers while the inner dimension passes. */
INLINE void block(const int rows, const int panels, int64_t inner, const REAL *const *source, const REAL *weight,
                  REAL *const *target, int64_t column, int64_t columns) {
    VECTOR sum[6][8];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < 2 * panels; v++) sum[r][v] = (VECTOR){0};
    for (int64_t k = 0; k < inner; k++) {
        VECTOR w[8];
        for (int p = 0; p < panels; p++)
            for (int v = 0; v < 2; v++) w[2 * p + v] = *(const VECTOR *)(weight + (p * inner + k) * PANEL + v * LANES);
        for (int r = 0; r < rows; r++) {
            REAL s = source[r][k];
            for (int v = 0; v < 2 * panels; v++) sum[r][v] += s * w[v];
        }
    }
    for (int r = 0; r < rows; r++) {
        REAL *out = target[r] + column;
        if (column + panels * PANEL <= columns) {
            for (int v = 0; v < 2 * panels; v++) *(VECTOR *)(out + v * LANES) += sum[r][v];
        } else {
            const REAL *s = (const REAL *)sum[r];
            for (int64_t c = 0; c < columns - column; c++) out[c] += s[c];
        }
    }
}

void product(int64_t rows, int64_t inner, int64_t columns, const REAL *const *source, const REAL *weight,
             REAL *const *target) {
    int64_t panels = (columns + PANEL - 1) / PANEL, p = 0;
    if (rows <= 2)
        for (; p + 4 <= panels; p += 4) {
            const REAL *w = weight + p * inner * PANEL;
            if (rows == 1) block(1, 4, inner, source, w, target, p * PANEL, columns);
            else block(2, 4, inner, source, w, target, p * PANEL, columns);
        }
    for (; p < panels; p++) {
        const REAL *w = weight + p * inner * PANEL;
        int64_t r = 0;
        for (; r + 6 <= rows; r += 6) block(6, 1, inner, source + r, w, target + r, p * PANEL, columns);
        switch (rows - r) {
            case 5: block(5, 1, inner, source + r, w, target + r, p * PANEL, columns); break;
            case 4: block(4, 1, inner, source + r, w, target + r, p * PANEL, columns); break;
            case 3: block(3, 1, inner, source + r, w, target + r, p * PANEL, columns); break;
            case 2: block(2, 1, inner, source + r, w, target + r, p * PANEL, columns); break;
            case 1: block(1, 1, inner, source + r, w, target + r, p * PANEL, columns); break;
        }
    }
}
