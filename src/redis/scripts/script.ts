/**
 * The form of what runs inside Redis.
 *
 * @module
 */

/** A Lua script and its name in Redis. */
export interface Script {
  readonly lua: string
  /** SHA-1 of `lua` in hexadecimal, as EVALSHA takes it. A test compares the two. */
  readonly sha1: string
}
