/**
 * The Worker: a mailbox on D1 behind the cache.
 *
 * @module
 */

import type { Hono } from 'hono'
import { problemResponse } from 'nearcache/hono'
import { createApp } from './app.ts'
import { type Composition, compose } from './compose.ts'
import { heartbeat } from './cron.ts'
import { readEnv } from './env.ts'
import { takeIn } from './inbox.ts'

export { RedisObject } from './objects/redis-object.ts'

interface Running {
  readonly composition: Composition
  readonly app: Hono
}

/** An isolate has one environment for all its life. */
let running: Running | undefined

function start(env: unknown): Running {
  const composition = compose(readEnv(env))
  return { composition, app: createApp(composition) }
}

const worker: ExportedHandler = {
  async fetch(request, env) {
    try {
      running ??= start(env)
    } catch (error) {
      // A ConfigurationError names variables and no values, so it may be logged.
      console.error(error)
      return problemResponse({ status: 500, title: 'The Worker is not configured' })
    }
    return running.app.fetch(request)
  },

  async scheduled(_controller, env) {
    running ??= start(env)
    await heartbeat(running.composition)
  },

  async email(message, env) {
    running ??= start(env)
    await takeIn(message, running.composition)
  },
}

export default worker
