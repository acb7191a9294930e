/**
 * Creates the Hono apps of the Worker.
 *
 * @module
 */

import type { Env, Hono } from 'hono'
import { HonoBase } from 'hono/hono-base'
import { TrieRouter } from 'hono/router/trie-router'
import type { BlankEnv } from 'hono/types'

/**
 * An app without routes, with the router that supports every path. `new Hono()` would add two more routers
 * to the bundle.
 */
export function newApp<E extends Env = BlankEnv>(): Hono<E> {
  return new HonoBase<E>({ router: new TrieRouter() })
}
