/**
 * The Worker: a mailbox on D1 behind the cache.
 *
 * @module
 */

import type { Hono } from 'hono'
import { problemResponse } from 'nearcache/hono'
import type { Warming } from 'nearcache/warming'
import { createApp } from './app.ts'
import { type Composition, compose } from './compose.ts'
import { createWarming, heartbeat, warmAtStart } from './cron.ts'
import { readEnv } from './env.ts'
import { takeIn } from './inbox.ts'

export { ChannelObject, DirectoryObject, SocketHubObject } from './objects/realtime-objects.ts'
export { RedisObject } from './objects/redis-object.ts'

interface Running {
  readonly composition: Composition
  readonly app: Hono
  /** `undefined` with the cache off. */
  readonly warming: Warming | undefined
}

/** Created once: the environment does not change during the life of an isolate. */
let running: Running | undefined

function start(env: unknown): Running {
  const composition = compose(readEnv(env))
  const { caching, cronTerms } = composition
  const warming = caching && createWarming(caching, cronTerms)
  return { composition, app: createApp(composition, warming), warming }
}

/** Answers requests, receives mail, and runs the heartbeat of the jobs. */
const worker: ExportedHandler = {
  async fetch(request, env, ctx) {
    try {
      if (running === undefined) {
        running = start(env)
        const { caching, cronTerms } = running.composition
        if (caching) ctx.waitUntil(warmAtStart(caching, cronTerms))
      }
    } catch (error) {
      // A ConfigurationError names variables and no values, so it may be logged.
      console.error(error)
      return problemResponse({
        status: 500,
        title: 'The Worker is not configured',
        detail: 'Its log names each variable and binding that is missing or makes no sense',
      })
    }
    return running.app.fetch(request)
  },

  async scheduled(controller, env) {
    running ??= start(env)
    const { sql, caching } = running.composition
    await heartbeat(sql.driver, running.warming, controller, caching?.watch.monitor)
  },

  async email(message, env) {
    running ??= start(env)
    await takeIn(message, running.composition)
  },
}

export default worker
