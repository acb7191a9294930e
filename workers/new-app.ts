/**
 * Where the apps of the Worker begin.
 *
 * @module
 */

import type { Env, Hono } from 'hono'
import { HonoBase } from 'hono/hono-base'
import { TrieRouter } from 'hono/router/trie-router'
import type { BlankEnv } from 'hono/types'

/**
 * An app without routes, on the one router that takes every path. `new Hono()` would bring two more into
 * the bundle.
 */
export function newApp<E extends Env = BlankEnv>(): Hono<E> {
  return new HonoBase<E>({ router: new TrieRouter() })
}
