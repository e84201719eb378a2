/* What every generated recurrence is built on: elementary functions that a compiler can vectorise, and one product
   (product.c). REAL is float or double. Only sin and cos call the mathematics library. What is not a number stays so,
   but for its sign, which is 0 as torch's. How exact they are: tests/ops/test_c_elementary.py. */
#ifndef RECURRENCE_H
#define RECURRENCE_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#ifdef DOUBLE
typedef double REAL;
typedef int64_t INT;
typedef uint64_t BITS;
#define LANES 4
#define HIGHEST 710.0 /* from here on e^x is infinite, */
#define LOWEST -745.2 /* and up to here zero */
#define SMALLEST 2.2250738585072014e-308 /* of full precision */
#define LOG2_HIGH 0.693147180369123816490
#define LOG2_LOW 1.90821492927058770002e-10
#define MAGIC 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to a whole number */
#define MANTISSA 52
#define BIAS 1023
#else
typedef float REAL;
typedef int32_t INT;
typedef uint32_t BITS;
#define LANES 8
#define HIGHEST 89.0f
#define LOWEST -104.0f
#define SMALLEST 1.17549435e-38f
#define LOG2_HIGH 0.693145751953125f
#define LOG2_LOW 1.428606765330187045e-06f
#define MAGIC 12582912.0f /* 1.5 * 2^23 */
#define MANTISSA 23
#define BIAS 127
#endif

typedef union { REAL real; BITS bits; } WORD;

/* --- elementary functions ------------------------------------------------------------------------------------ */

/* e^r - 1 for |r| <= log(2) / 2, by its Taylor series. */
INLINE REAL expm1_reduced(REAL r) {
#ifdef DOUBLE
    REAL p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
#else
    REAL p = 1.0f / 5040.0f;
#endif
    p = p * r + (REAL)(1.0 / 720.0);
    p = p * r + (REAL)(1.0 / 120.0);
    p = p * r + (REAL)(1.0 / 24.0);
    p = p * r + (REAL)(1.0 / 6.0);
    p = p * r + (REAL)0.5;
    return p * r * r + r;
}

/* Rounds x to a whole number, of which it gives 2^n too; for -BIAS < n <= BIAS. */
INLINE REAL whole(REAL x, REAL *power) {
    WORD shifted, scale;
    shifted.real = x + (REAL)MAGIC;
    scale.bits = (shifted.bits + BIAS) << MANTISSA;
    *power = scale.real;
    return shifted.real - (REAL)MAGIC;
}

/* x = n log(2) + r; this is e^r - 1. */
INLINE REAL reduced(REAL x, REAL n) { return expm1_reduced((x - n * (REAL)LOG2_HIGH) - n * (REAL)LOG2_LOW); }

INLINE REAL bounded(REAL x, REAL lowest, REAL highest) {
    x = x > highest ? highest : x;
    return x < lowest ? lowest : x;
}

#define LOG2_E ((REAL)1.4426950408889634074)

INLINE REAL exp_(REAL x) { /* 2^n in two factors: it may be out of range where e^x is not */
    REAL y = bounded(x, (REAL)LOWEST, (REAL)HIGHEST), power, first, second;
    REAL n = whole(y * LOG2_E, &power), half = whole(n * (REAL)0.5, &first), e = reduced(y, n);
    whole(n - half, &second);
    return (e * first + first) * second;
}

/* For |x| <= 40. */
INLINE REAL expm1_near(REAL x) {
    REAL power, n = whole(x * LOG2_E, &power), e = reduced(x, n);
    return e * power + (power - (REAL)1);
}

INLINE REAL expm1_(REAL x) {
    REAL far = exp_(x) - (REAL)1, near = expm1_near(bounded(x, (REAL)-40, (REAL)40));
    return x > (REAL)40 ? far : near;
}

INLINE REAL sigmoid_(REAL x) { return (REAL)1 / ((REAL)1 + exp_(-x)); }

/* (e^2x - 1) / (e^2x + 1): exact to rounding also where x is small. */
INLINE REAL tanh_(REAL x) {
    REAL e = expm1_near((REAL)2 * bounded(x, (REAL)-20, (REAL)20));
    return e / (e + (REAL)2);
}

/* log x = n log(2) + log m with m in [sqrt(1/2), sqrt(2)), log m = 2 atanh((m - 1) / (m + 1)). */
INLINE REAL log_(REAL x) {
    WORD word, half;
    REAL tiny = x < (REAL)SMALLEST ? (REAL)(MANTISSA + 2) : (REAL)0;
    word.real = x < (REAL)SMALLEST ? x * (REAL)((INT)1 << (MANTISSA + 2)) : x;
    half.real = (REAL)0.70710678118654752440;
    INT n = (INT)(word.bits - half.bits) >> MANTISSA;
    word.bits -= (BITS)n << MANTISSA;
    REAL s = (word.real - (REAL)1) / (word.real + (REAL)1), z = s * s;
#ifdef DOUBLE
    REAL p = 1.0 / 23;
    p = p * z + 1.0 / 21;
    p = p * z + 1.0 / 19;
    p = p * z + 1.0 / 17;
    p = p * z + 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
#else
    REAL p = 1.0f / 11;
#endif
    p = p * z + (REAL)(1.0 / 9);
    p = p * z + (REAL)(1.0 / 7);
    p = p * z + (REAL)(1.0 / 5);
    p = p * z + (REAL)(1.0 / 3);
    REAL k = (REAL)n - tiny, y = k * (REAL)LOG2_HIGH + ((REAL)2 * s + ((REAL)2 * s * z * p + k * (REAL)LOG2_LOW));
    WORD infinite;
    infinite.bits = (BITS)(2 * BIAS + 1) << MANTISSA;
    y = x == (REAL)0 ? -infinite.real : y;
    y = x == infinite.real ? x : y;
    return x < (REAL)0 ? infinite.real - infinite.real : (x != x ? x : y);
}

/* log(1 + x), corrected for what 1 + x rounds away. */
INLINE REAL log1p_(REAL x) {
    REAL u = (REAL)1 + x, d = u - (REAL)1, y = log_(u), corrected = y * (x / d);
    corrected = d == (REAL)0 ? x : corrected;
    return d == x ? y : corrected;
}

/* log(1 + x) for 0 <= x <= 1, without a branch that would keep a compiler from vectorising: 2 atanh(x / (2 + x)). */
INLINE REAL log1p_near(REAL x) {
    REAL s = x / ((REAL)2 + x), z = s * s;
#ifdef DOUBLE
    REAL p = 1.0 / 33;
    p = p * z + 1.0 / 31;
    p = p * z + 1.0 / 29;
    p = p * z + 1.0 / 27;
    p = p * z + 1.0 / 25;
    p = p * z + 1.0 / 23;
    p = p * z + 1.0 / 21;
    p = p * z + 1.0 / 19;
    p = p * z + 1.0 / 17;
#else
    REAL p = 1.0f / 17;
#endif
    p = p * z + (REAL)(1.0 / 15);
    p = p * z + (REAL)(1.0 / 13);
    p = p * z + (REAL)(1.0 / 11);
    p = p * z + (REAL)(1.0 / 9);
    p = p * z + (REAL)(1.0 / 7);
    p = p * z + (REAL)(1.0 / 5);
    p = p * z + (REAL)(1.0 / 3);
    return (REAL)2 * s + (REAL)2 * s * z * p;
}

INLINE REAL detach_(REAL x) { return x; }
INLINE REAL sign_(REAL x) { return x > (REAL)0 ? (REAL)1 : (x < (REAL)0 ? (REAL)-1 : (REAL)0); }
INLINE REAL maximum_(REAL x, REAL y) { return x < y || y != y ? y : x; }
INLINE REAL minimum_(REAL x, REAL y) { return x > y || y != y ? y : x; }
#ifdef DOUBLE
INLINE REAL abs_(REAL x) { return __builtin_fabs(x); }
INLINE REAL sqrt_(REAL x) { return __builtin_sqrt(x); }
INLINE REAL sin_(REAL x) { return __builtin_sin(x); }
INLINE REAL cos_(REAL x) { return __builtin_cos(x); }
#else
INLINE REAL abs_(REAL x) { return __builtin_fabsf(x); }
INLINE REAL sqrt_(REAL x) { return __builtin_sqrtf(x); }
INLINE REAL sin_(REAL x) { return __builtin_sinf(x); }
INLINE REAL cos_(REAL x) { return __builtin_cosf(x); }
#endif
INLINE REAL rsqrt_(REAL x) { return (REAL)1 / sqrt_(x); }

/* log(1 + e^x), without torch's threshold. */
INLINE REAL softplus_(REAL x) { return (x > (REAL)0 ? x : (REAL)0) + log1p_near(exp_(-abs_(x))); }

/* target[r] (columns) += source[r] (inner) @ weight, for each of `rows` rows; the weight lies in panels of PANEL
   columns, each (inner, PANEL), the last one filled up with zeros. */
#define PANEL (2 * LANES)
void product(int64_t rows, int64_t inner, int64_t columns, const REAL *const *source, const REAL *weight,
             REAL *const *target);
#endif
