/* What every generated recurrence is built on: elementary functions that a compiler can vectorise, and one product
   (product.c). REAL is float or double. Nothing here calls the mathematics library, and what is not a number stays so. */
#ifndef RECURRENCE_H
#define RECURRENCE_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#ifdef DOUBLE
typedef double REAL;
typedef int64_t INT;
#define LANES 4
#define HIGHEST 708.0
#define LOWEST -708.0
#define MAGIC 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to a whole number */
#define MANTISSA 52
#define BIAS 1023
#else
typedef float REAL;
typedef int32_t INT;
#define LANES 8
#define HIGHEST 88.0f
#define LOWEST -87.0f
#define MAGIC 12582912.0f /* 1.5 * 2^23 */
#define MANTISSA 23
#define BIAS 127
#endif

typedef union { REAL real; INT bits; } WORD;

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

/* x = n log(2) + r: 2^n and r; x is within LOWEST and HIGHEST. */
INLINE REAL reduced(REAL x, REAL *power) {
    WORD shifted, scale;
    shifted.real = x * (REAL)1.4426950408889634074 + (REAL)MAGIC;
    REAL n = shifted.real - (REAL)MAGIC;
    scale.bits = (INT)((uint64_t)(shifted.bits + BIAS) << MANTISSA);
    *power = scale.real;
#ifdef DOUBLE
    return (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
#else
    return (x - n * 0.693145751953125f) - n * 1.428606765330187045e-06f;
#endif
}

INLINE REAL bounded(REAL x) {
    x = x > (REAL)HIGHEST ? (REAL)HIGHEST : x;
    return x < (REAL)LOWEST ? (REAL)LOWEST : x;
}

INLINE REAL exp_(REAL x) {
    REAL power, e = expm1_reduced(reduced(bounded(x), &power));
    e = e * power + power;
    e = x > (REAL)HIGHEST ? e * power * power : e; /* to infinity */
    return x < (REAL)LOWEST ? (REAL)0 : e;
}

INLINE REAL expm1_(REAL x) {
    REAL power, e = expm1_reduced(reduced(bounded(x), &power));
    return e * power + (power - (REAL)1);
}

INLINE REAL sigmoid_(REAL x) { return (REAL)1 / ((REAL)1 + exp_(-x)); }

/* (e^2x - 1) / (e^2x + 1): exact to rounding also where x is small. */
INLINE REAL tanh_(REAL x) {
    REAL y = x > (REAL)20 ? (REAL)20 : x;
    y = y < (REAL)-20 ? (REAL)-20 : y;
    REAL e = expm1_(y + y);
    return e / (e + (REAL)2);
}

/* log x = n log(2) + log m with m in [sqrt(1/2), sqrt(2)), log m = 2 atanh((m - 1) / (m + 1)). */
INLINE REAL log_(REAL x) {
    WORD word, half;
    word.real = x;
    half.real = (REAL)0.70710678118654752440;
    INT n = (INT)(word.bits - half.bits) >> MANTISSA;
    word.bits = word.bits - (INT)((uint64_t)n << MANTISSA);
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
    REAL y = (REAL)2 * (s + s * z * p) + (REAL)n * (REAL)0.69314718055994530942;
    WORD infinite;
    infinite.bits = (INT)((uint64_t)(2 * BIAS + 1) << MANTISSA);
    y = x == (REAL)0 ? -infinite.real : y;
    y = x == infinite.real ? x : y;
    return x < (REAL)0 ? infinite.real - infinite.real : (x != x ? x : y);
}

/* log(1 + x), corrected for what 1 + x rounds away. */
INLINE REAL log1p_(REAL x) {
    REAL u = (REAL)1 + x, d = u - (REAL)1;
    return d == (REAL)0 ? x : log_(u) * (x / d);
}

INLINE REAL softplus_(REAL x) { /* as torch: the identity beyond 20 */
    REAL y = log1p_(exp_(x > (REAL)20 ? (REAL)20 : x));
    return x > (REAL)20 ? x : y;
}

INLINE REAL detach_(REAL x) { return x; }
INLINE REAL abs_(REAL x) { return x < (REAL)0 ? -x : x; }
INLINE REAL sign_(REAL x) { return x > (REAL)0 ? (REAL)1 : (x < (REAL)0 ? (REAL)-1 : x * (REAL)0); }
#ifdef DOUBLE
INLINE REAL sqrt_(REAL x) { return __builtin_sqrt(x); }
INLINE REAL sin_(REAL x) { return __builtin_sin(x); }
INLINE REAL cos_(REAL x) { return __builtin_cos(x); }
#else
INLINE REAL sqrt_(REAL x) { return __builtin_sqrtf(x); }
INLINE REAL sin_(REAL x) { return __builtin_sinf(x); }
INLINE REAL cos_(REAL x) { return __builtin_cosf(x); }
#endif
INLINE REAL rsqrt_(REAL x) { return (REAL)1 / sqrt_(x); }

/* target[r] (columns) += source[r] (inner) @ weight, for each of `rows` rows; the weight lies in panels of PANEL
   columns, each (inner, PANEL), the last one filled up with zeros. */
#define PANEL (2 * LANES)
void product(int64_t rows, int64_t inner, int64_t columns, const REAL *const *source, const REAL *weight,
             REAL *const *target);
#endif
