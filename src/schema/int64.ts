/** The greatest 64-bit integer a number can hold and clients can read back. */

/** 2^63 - 1 itself reads as 2^63, which no client decodes as an integer; this is the number before it. */
export const INT64_MAX = 2 ** 63 - 1024
