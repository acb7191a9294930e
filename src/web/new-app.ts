/**
 * Where apps of Hono's begin.
 *
 * @module
 */

import type { Hono } from 'hono'
import { HonoBase } from 'hono/hono-base'
import { TrieRouter } from 'hono/router/trie-router'

/**
 * An app without routes, on the one router that takes every path. `new Hono()` would bring two more into
 * the bundle.
 */
export function newApp(): Hono {
  return new HonoBase({ router: new TrieRouter() })
}
