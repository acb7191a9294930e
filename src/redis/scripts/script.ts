/**
 * The type of a Lua script.
 *
 * @module
 */

/** A Lua script and the hash by which Redis knows it. */
export interface Script {
  readonly lua: string
  /** SHA-1 of `lua` in hexadecimal, as EVALSHA takes it. A test compares the two. */
  readonly sha1: string
}
