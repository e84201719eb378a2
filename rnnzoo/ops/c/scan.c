/* The scans of ops/scan.py: over real numbers, over pairs (real part, imaginary part), and over (max, +). */
#include "recurrence.h"

#define NAME(function) function
#define NUMBER REAL
#define ZERO 0
INLINE REAL after(REAL a, REAL h, REAL b) { return a * h + b; }
INLINE REAL sum(REAL u, REAL v) { return u + v; }
INLINE REAL times_conj(REAL u, REAL a) { return u * a; }
#include "scan.h"
#undef NAME
#undef NUMBER
#undef ZERO
#undef after

typedef struct { REAL re, im; } PAIR;
#define NAME(function) function##_pairs
#define NUMBER PAIR
#define ZERO {0, 0}
#define after after_pair
#define sum sum_pair
#define times_conj times_conj_pair
INLINE PAIR after(PAIR a, PAIR h, PAIR b) {
    return (PAIR){a.re * h.re - a.im * h.im + b.re, a.re * h.im + a.im * h.re + b.im};
}
INLINE PAIR sum(PAIR u, PAIR v) { return (PAIR){u.re + v.re, u.im + v.im}; }
INLINE PAIR times_conj(PAIR u, PAIR a) { return (PAIR){u.re * a.re + u.im * a.im, u.im * a.re - u.re * a.im}; }
#include "scan.h"
#undef NAME
#undef NUMBER
#undef ZERO
#undef after

#define NAME(function) function##_largest
#define NUMBER REAL
#define FORWARD_ONLY
#define after after_largest
INLINE REAL after(REAL a, REAL h, REAL b) { /* as torch: what is not a number stays so */
    REAL moved = a + h;
    return moved > b || moved != moved ? moved : b;
}
#include "scan.h"
