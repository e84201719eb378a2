/* What the state spaces of ops/state_space.py share: channels go through time by the vector, `LANES` at once, in chunks
   of `CHUNK` steps, with one number of each channel's state in a register. No state is written out but those that
   chunks begin with, from which the way back computes the others again.

   States and what belongs to them lie in blocks of channels: (blocks, N, LANES), the last block filled up with zeros. An
   item is a row's `group` neighbouring blocks; a thread takes items `first` to `first + count`, row by row. */
#include "vectors.h"

#define CHUNK 64

/* The item's row, its blocks [b0, b1), the row's length, and how many steps chunks have. */
typedef struct { int64_t row, number, b0, b1, end, chunks; } ITEM;

INLINE ITEM item_of(int64_t i, int64_t T, int64_t blocks, int64_t group, const int64_t *lengths) {
    const int64_t groups = (blocks + group - 1) / group, row = i / groups, number = i % groups;
    const int64_t b0 = number * group, b1 = b0 + group < blocks ? b0 + group : blocks;
    return (ITEM){row, number, b0, b1, lengths ? lengths[row] : T, (T + CHUNK - 1) / CHUNK};
}

/* Zeros beyond the row's length in the item's channels of an array (B, T, E). */
INLINE void zero_beyond(REAL *array, ITEM item, int64_t T, int64_t E) {
    const int64_t from = item.b0 * LANES, to = item.b1 * LANES < E ? item.b1 * LANES : E;
    for (int64_t t = item.end; t < T; t++) memset(array + (item.row * T + t) * E + from, 0, sizeof(REAL) * (to - from));
}
