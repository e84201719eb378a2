/* The recurrence of a matrix state of ops/matrix.py, forward and backward.

   Forward, lanes are values: of a row's head a thread takes `VALUES` of them through time, whose part of the state,
   turned over, lies in the nearest cache, (K, values). Each value is stored and read without the others. Kept are the
   states that chunks of `CHUNK` steps begin with, and what each step edits, u_t = S_{t-1} a_t.

   Backward, lanes are keys: of a row's head a thread takes `ROWS` values at a time back through a chunk whose states it
   has computed again. What gradients of keys get from other values is added up in the chunk's own arrays. */
#include "vectors.h"

#define CHUNK 32
#define WIDEST 4 /* vectors of values that go through time together */
#define VALUES (WIDEST * LANES)
#define ROWS 4

/* An argument (B, T, N, width) as it lies in memory, its last size side by side. */
typedef struct { const REAL *start; int64_t row, step, head; } LAID;

INLINE LAID laid(void *const *array, int64_t i, const int64_t *strides) {
    return (LAID){array[i], strides[3 * i], strides[3 * i + 1], strides[3 * i + 2]};
}

INLINE const REAL *at(LAID x, int64_t row, int64_t t, int64_t head) {
    return x.start + row * x.row + t * x.step + head * x.head;
}

enum { Q, K, V, W, A, B, LAID_OUT }; /* the first arguments, in order */

typedef struct { int64_t T, N, keys, values, each_key, chunks; LAID x[LAID_OUT]; const REAL *bonus; } GIVEN;

/* size: T, N, K, V, whether each key has its own decay, and then the strides of the first arguments. */
INLINE GIVEN given(void *const *array, const int64_t *size) {
    GIVEN g = {.T = size[0], .N = size[1], .keys = size[2], .values = size[3], .each_key = size[4]};
    g.chunks = (g.T + CHUNK - 1) / CHUNK;
    for (int i = 0; i < LAID_OUT; i++) g.x[i] = laid(array, i, size + 5);
    g.bonus = array[LAID_OUT];
    return g;
}

INLINE VECTOR load_if(const REAL *from, int64_t there) { return there > 0 ? load(from, there) : (VECTOR){0}; }

INLINE void store_if(REAL *to, VECTOR v, int64_t there) {
    if (there > 0) store(to, v, there);
}

/* `steps` steps from t on of `there` values from `first` on; the numbers of the first line are known when it is built. */
INLINE void go(const int vectors, const int edits, const int fades, const int weighs, const GIVEN *g, int64_t row,
               int64_t head, int64_t first, int64_t there, int64_t t, int64_t steps, VECTOR *Z, REAL *y, REAL *edited) {
    for (int64_t end = t + steps; t < end; t++) {
        const REAL *const q = at(g->x[Q], row, t, head), *const k = at(g->x[K], row, t, head);
        const REAL *const v = at(g->x[V], row, t, head) + first, *const w = fades ? at(g->x[W], row, t, head) : 0;
        const REAL *const a = edits ? at(g->x[A], row, t, head) : 0, *const b = edits ? at(g->x[B], row, t, head) : 0;
        const REAL *const u = weighs ? g->bonus + head * g->keys : 0;
        const int64_t place = ((row * g->T + t) * g->N + head) * g->values + first;
        VECTOR in[WIDEST], edit[WIDEST], out[WIDEST];
        REAL own = 0;
        for (int j = 0; j < vectors; j++) {
            in[j] = load_if(v + j * LANES, there - j * LANES);
            edit[j] = out[j] = (VECTOR){0};
        }
        if (edits)
            for (int64_t i = 0; i < g->keys; i++)
                for (int j = 0; j < vectors; j++) edit[j] += a[i] * Z[i * vectors + j];
        for (int64_t i = 0; i < g->keys; i++) {
            if (weighs) own += q[i] * u[i] * k[i];
            for (int j = 0; j < vectors; j++) {
                VECTOR z = Z[i * vectors + j];
                if (weighs) out[j] += q[i] * z;
                if (fades) z *= w[i * g->each_key];
                z += k[i] * in[j];
                if (edits) z += b[i] * edit[j];
                if (!weighs) out[j] += q[i] * z;
                Z[i * vectors + j] = z;
            }
        }
        for (int j = 0; j < vectors; j++) {
            store_if(y + place + j * LANES, weighs ? out[j] + own * in[j] : out[j], there - j * LANES);
            if (edits && edited) store_if(edited + place + j * LANES, edit[j], there - j * LANES);
        }
    }
}

#define SORT_OF(g) (((g)->x[A].start != 0) << 2 | ((g)->x[W].start != 0) << 1 | ((g)->bonus != 0))
#define EACH_SORT(of) of(0) of(1) of(2) of(3) of(4) of(5) of(6) of(7)
#define ON_ITS_WAY const GIVEN *g, int64_t row, int64_t head, int64_t first, int64_t there, int64_t t, int64_t steps, \
                   VECTOR *Z, REAL *y, REAL *edited
#define WAY(vectors, sort) go(vectors, (sort) >> 2, (sort) >> 1 & 1, (sort) & 1, g, row, head, first, there, t, steps, \
                              Z, y, edited)
#define GO(sort) \
    static void go##sort(int vectors, ON_ITS_WAY) { \
        if (vectors == 1) WAY(1, sort); \
        else if (vectors == 2) WAY(2, sort); \
        else WAY(4, sort); \
    }
EACH_SORT(GO)

/* The state of values [first, first + there), (values, K) to Z (K, vectors LANES), and back. */
static void turned(const REAL *S, VECTOR *Z, int64_t keys, int vectors, int64_t there) {
    memset(Z, 0, sizeof(VECTOR) * keys * vectors);
    for (int64_t v = 0; v < there; v++)
        for (int64_t i = 0; i < keys; i++) ((REAL *)Z)[i * vectors * LANES + v] = S[v * keys + i];
}

static void turned_back(const VECTOR *Z, REAL *S, int64_t keys, int vectors, int64_t there) {
    for (int64_t v = 0; v < there; v++)
        for (int64_t i = 0; i < keys; i++) S[v * keys + i] = ((const REAL *)Z)[i * vectors * LANES + v];
}

/* After the first arguments and the bonus: S0 (B, N, V, K); y (B, T, N, V), the last states, those that chunks begin with
   (B, N, chunks, V, K) and the edits (B, T, N, V), if these two are kept; lengths. An item is a head's `VALUES` values. */
int forward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const GIVEN g = given(array, size);
    const REAL *const S0 = array[7];
    REAL *const y = array[8], *const final = array[9], *const kept = array[10], *const edited = array[11];
    const int64_t *const lengths = array[12];
    const int64_t blocks = (g.values + VALUES - 1) / VALUES;
    static void (*const ways[])(int, ON_ITS_WAY) = {go0, go1, go2, go3, go4, go5, go6, go7};
    VECTOR *const Z = aligned_alloc(sizeof(VECTOR), sizeof(VECTOR) * WIDEST * g.keys);
    if (!Z) return 1;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / (g.N * blocks), head = i / blocks % g.N, begin = i % blocks * VALUES;
        const int64_t there = least(VALUES, g.values - begin), end = lengths ? lengths[row] : g.T;
        const int vectors = there <= LANES ? 1 : there <= 2 * LANES ? 2 : WIDEST;
        const int64_t state = ((row * g.N + head) * g.values + begin) * g.keys, whole = g.values * g.keys;
        turned(S0 + state, Z, g.keys, vectors, there);
        for (int64_t t = 0; t < end; t += CHUNK) {
            if (kept)
                turned_back(Z, kept + ((row * g.N + head) * g.chunks + t / CHUNK) * whole + begin * g.keys, g.keys,
                            vectors, there);
            ways[SORT_OF(&g)](vectors, &g, row, head, begin, there, t, least(CHUNK, end - t), Z, y, edited);
        }
        turned_back(Z, final + state, g.keys, vectors, there);
        for (int64_t t = end; t < g.T; t++)
            memset(y + ((row * g.T + t) * g.N + head) * g.values + begin, 0, sizeof(REAL) * there);
    }
    free(Z);
    return 0;
}

/* A chunk of one head: its arguments in vectors of keys, side by side (CHUNK, vectors), and their gradients; values
   (CHUNK, padded); states of `ROWS` values (CHUNK, ROWS, vectors). */
typedef struct {
    int64_t vectors, padded;
    VECTOR *q, *k, *w, *a, *b, *gq, *gk, *gw, *ga, *gb, *states, *G;
    REAL *v, *u, *gy, *gv;
} ROOM;

static void *room_for(ROOM *r, int64_t keys, int64_t values) {
    r->vectors = (keys + LANES - 1) / LANES;
    r->padded = (values + LANES - 1) / LANES * LANES;
    const int64_t of_keys = CHUNK * r->vectors, of_values = CHUNK * r->padded / LANES;
    const int64_t of_states = CHUNK * ROWS * r->vectors;
    VECTOR *next = aligned_alloc(
        sizeof(VECTOR), sizeof(VECTOR) * (10 * of_keys + 4 * of_values + of_states + r->padded * r->vectors));
    void *const all = next;
    if (!all) return 0;
    VECTOR **const keyed[] = {&r->q, &r->k, &r->w, &r->a, &r->b, &r->gq, &r->gk, &r->gw, &r->ga, &r->gb};
    REAL **const valued[] = {&r->v, &r->u, &r->gy, &r->gv};
    for (int i = 0; i < 10; i++, next += of_keys) *keyed[i] = next;
    for (int i = 0; i < 4; i++, next += of_values) *valued[i] = (REAL *)next;
    r->states = next;
    r->G = next + of_states;
    return all;
}

/* The states of a chunk for `ROWS` values from `v0` on, from those it begins with, and what reading them gives the
   queries; a vector of keys at a time, so that states stay in registers. The numbers of the first line are known when it
   is built. */
INLINE void again(const int edits, const int fades, const int weighs, const ROOM *r, int64_t steps, int64_t v0) {
    const int64_t n = r->vectors;
    for (int64_t j = 0; j < n; j++) {
        VECTOR S[ROWS];
        for (int i = 0; i < ROWS; i++) S[i] = r->states[i * n + j];
        for (int64_t t = 0; t < steps; t++) {
            const REAL *const v = r->v + t * r->padded + v0, *const u = r->u + t * r->padded + v0;
            const REAL *const gy = r->gy + t * r->padded + v0;
            const VECTOR k = r->k[t * n + j], w = fades ? r->w[t * n + j] : k, b = edits ? r->b[t * n + j] : k;
            VECTOR gq = r->gq[t * n + j];
            for (int i = 0; i < ROWS; i++) {
                if (edits || fades) r->states[(t * ROWS + i) * n + j] = S[i];
                if (weighs) gq += gy[i] * S[i];
                if (fades) S[i] *= w;
                S[i] += v[i] * k;
                if (edits) S[i] += u[i] * b;
                if (!weighs) gq += gy[i] * S[i];
            }
            r->gq[t * n + j] = gq;
        }
    }
}

/* One step of a chunk, t of it, back for `ROWS` values from `v0` on. */
INLINE void step_back(const int edits, const int fades, const int weighs, const ROOM *r, int64_t t, int64_t v0) {
    const int64_t n = r->vectors, key = t * n, value = t * r->padded + v0;
    const VECTOR *const before = r->states + t * ROWS * n;
    VECTOR *const G = r->G + v0 * n, gv[ROWS], gu[ROWS];
    const REAL *const v = r->v + value, *const u = r->u + value, *const gy = r->gy + value;
    for (int i = 0; i < ROWS; i++) gv[i] = gu[i] = (VECTOR){0};
    for (int64_t j = 0; j < n; j++) {
        const VECTOR q = r->q[key + j], k = r->k[key + j];
        VECTOR gk = r->gk[key + j], gw = {0}, gb = {0};
        for (int i = 0; i < ROWS; i++) {
            VECTOR g = G[i * n + j];
            if (!weighs) g += gy[i] * q;
            gk += v[i] * g;
            gv[i] += g * k;
            if (fades) gw += g * before[i * n + j];
            if (edits) {
                gb += u[i] * g;
                gu[i] += g * r->b[key + j];
            } else {
                if (fades) g *= r->w[key + j];
                if (weighs) g += gy[i] * q;
            }
            G[i * n + j] = g;
        }
        r->gk[key + j] = gk;
        if (fades) r->gw[key + j] += gw;
        if (edits) r->gb[key + j] += gb;
    }
    for (int i = 0; i < ROWS; i++) r->gv[value + i] = total(gv[i]);
    if (!edits) return;
    REAL slope[ROWS];
    for (int i = 0; i < ROWS; i++) slope[i] = total(gu[i]);
    for (int64_t j = 0; j < n; j++) {
        VECTOR ga = r->ga[key + j];
        for (int i = 0; i < ROWS; i++) {
            VECTOR g = G[i * n + j];
            ga += slope[i] * before[i * n + j];
            if (fades) g *= r->w[key + j];
            if (weighs) g += gy[i] * r->q[key + j];
            G[i * n + j] = g + slope[i] * r->a[key + j];
        }
        r->ga[key + j] = ga;
    }
}

INLINE void back(const int edits, const int fades, const int weighs, const ROOM *r, int64_t steps, int64_t v0) {
    again(edits, fades, weighs, r, steps, v0);
    for (int64_t t = steps - 1; t >= 0; t--) step_back(edits, fades, weighs, r, t, v0);
}

#define BACK(sort) \
    static void back##sort(const ROOM *r, int64_t steps, int64_t v0) { \
        back((sort) >> 2, (sort) >> 1 & 1, (sort) & 1, r, steps, v0); \
    }
EACH_SORT(BACK)

/* `steps` rows of an argument, side by side in `width` numbers each, filled up with zeros; of one number, `each` 0, all
   that are there are it. */
static void gather(LAID x, int64_t row, int64_t t, int64_t head, int64_t steps, int64_t there, int64_t each,
                   int64_t width, REAL *to) {
    for (int64_t s = 0; s < steps; s++) {
        const REAL *const from = at(x, row, t + s, head);
        if (each) memcpy(to + s * width, from, sizeof(REAL) * there);
        else
            for (int64_t i = 0; i < there; i++) to[s * width + i] = *from;
        memset(to + s * width + there, 0, sizeof(REAL) * (width - there));
    }
}

static void scatter(REAL *to, int64_t step, int64_t steps, int64_t there, int64_t width, const REAL *from) {
    for (int64_t s = 0; s < steps; s++) memcpy(to + s * step, from + s * width, sizeof(REAL) * there);
}

/* What a step reads of its own pair, (q . (u * k)) v, goes back to q, k, u and v. */
static void own_back(const ROOM *r, const REAL *bonus, int64_t keys, int64_t values, int64_t steps, REAL *grad_bonus) {
    const int64_t width = r->vectors * LANES;
    for (int64_t t = 0; t < steps; t++) {
        const REAL *const q = (REAL *)r->q + t * width, *const k = (REAL *)r->k + t * width;
        REAL *const gq = (REAL *)r->gq + t * width, *const gk = (REAL *)r->gk + t * width;
        const REAL *const v = r->v + t * r->padded, *const gy = r->gy + t * r->padded;
        REAL own = 0, slope = 0;
        for (int64_t i = 0; i < keys; i++) own += q[i] * bonus[i] * k[i];
        for (int64_t i = 0; i < values; i++) {
            slope += gy[i] * v[i];
            r->gv[t * r->padded + i] += own * gy[i];
        }
        for (int64_t i = 0; i < keys; i++) {
            gq[i] += slope * bonus[i] * k[i];
            gk[i] += slope * bonus[i] * q[i];
            grad_bonus[i] += slope * q[i] * k[i];
        }
    }
}

/* The decays' gradients as those of their logarithms, w times them; where a head has one decay, their sum. */
static void of_logarithms(const ROOM *r, int64_t steps, int64_t each_key) {
    const int64_t n = r->vectors;
    for (int64_t t = 0; t < steps; t++) {
        VECTOR sum = {0};
        for (int64_t j = 0; j < n; j++) sum += r->gw[t * n + j] *= r->w[t * n + j];
        if (!each_key) ((REAL *)r->gw)[t * n * LANES] = total(sum);
    }
}

/* After the first arguments and the bonus: the states that chunks begin with and the edits, as forward kept them; the
   gradients of y and, if there are any, of the last states; where those go of q, k, v, w (if wanted), a, b, each
   (B, T, N, width), of the bonus (B, N, K), its sum over rows being left, and of S0; lengths. An item is a head. */
int backward(void **array, const int64_t *size, int64_t first, int64_t count) {
    const GIVEN g = given(array, size);
    const REAL *const kept = array[7], *const edited = array[8], *const grad_y = array[9], *const grad_final = array[10];
    REAL *const *const grad = (REAL *const *)array + 11, *const grad_bonus = array[17], *const grad_S0 = array[18];
    const int64_t *const lengths = array[19];
    static void (*const ways[])(const ROOM *, int64_t, int64_t) = {back0, back1, back2, back3, back4, back5, back6, back7};
    const int64_t keys = g.keys, values = g.values, N = g.N, decays = g.each_key ? keys : 1;
    ROOM r;
    void *const all = room_for(&r, keys, values);
    if (!all) return 1;
    const int64_t n = r.vectors, wide = n * LANES;
    const LAID u = {edited, g.T * N * values, N * values, values}, gy = {grad_y, g.T * N * values, N * values, values};
    for (int64_t i = first; i < first + count; i++) {
        const int64_t row = i / N, head = i % N, end = lengths ? lengths[row] : g.T;
        memset(r.G, 0, sizeof(VECTOR) * r.padded * n);
        if (grad_final)
            for (int64_t v = 0; v < values; v++)
                memcpy(r.G + v * n, grad_final + (i * values + v) * keys, sizeof(REAL) * keys);
        if (g.bonus) memset(grad_bonus + i * keys, 0, sizeof(REAL) * keys);
        for (int64_t t = (end - 1) / CHUNK * CHUNK; t >= 0; t -= CHUNK) {
            const int64_t steps = least(CHUNK, end - t);
            VECTOR *const of_keys[] = {r.q, r.k, 0, r.w, r.a, r.b};
            for (int x = Q; x <= B; x++)
                if (x != V && g.x[x].start)
                    gather(g.x[x], row, t, head, steps, keys, x == W ? g.each_key : 1, wide, (REAL *)of_keys[x]);
            gather(g.x[V], row, t, head, steps, values, 1, r.padded, r.v);
            gather(gy, row, t, head, steps, values, 1, r.padded, r.gy);
            if (edited) gather(u, row, t, head, steps, values, 1, r.padded, r.u);
            else memset(r.u, 0, sizeof(REAL) * steps * r.padded);
            VECTOR *const grads[] = {r.gq, r.gk, (VECTOR *)r.gv, r.gw, r.ga, r.gb};
            for (int x = Q; x <= B; x++)
                if (x != V) memset(grads[x], 0, sizeof(VECTOR) * steps * n);
            for (int64_t v = 0; v < values; v += ROWS) {
                memset(r.states, 0, sizeof(VECTOR) * ROWS * n);
                for (int64_t j = v; j < least(v + ROWS, values); j++)
                    memcpy(r.states + (j - v) * n, kept + ((i * g.chunks + t / CHUNK) * values + j) * keys,
                           sizeof(REAL) * keys);
                ways[SORT_OF(&g)](&r, steps, v);
            }
            if (g.bonus) own_back(&r, g.bonus + head * keys, keys, values, steps, grad_bonus + i * keys);
            if (grad[W]) of_logarithms(&r, steps, g.each_key);
            for (int x = Q; x <= B; x++) {
                const int64_t width = x == V ? values : x == W ? decays : keys, room = x == V ? r.padded : wide;
                if (grad[x])
                    scatter(grad[x] + ((row * g.T + t) * N + head) * width, N * width, steps, width, room,
                            (const REAL *)grads[x]);
            }
        }
        for (int64_t v = 0; v < values; v++) memcpy(grad_S0 + (i * values + v) * keys, r.G + v * n, sizeof(REAL) * keys);
        for (int x = Q; x <= B; x++) {
            const int64_t width = x == V ? values : x == W ? decays : keys;
            for (int64_t t = end; grad[x] && t < g.T; t++)
                memset(grad[x] + ((row * g.T + t) * N + head) * width, 0, sizeof(REAL) * width);
        }
    }
    free(all);
    return 0;
}
