/**
 * `/dashboard` and `/metrics`: the figures of the cache, for operators and for their monitoring systems.
 *
 * @module
 */

import type { Hono, MiddlewareHandler } from 'hono'
import { dashboardPages } from 'nearcache/dashboard'
import { cloudflareAddress, type Problem, problemResponse } from 'nearcache/hono'
import { metricsEndpoint } from 'nearcache/monitor'
import { workersPlatform } from 'nearcache/platform/workers'
import type { RateLimiter } from 'nearcache/ratelimit'
import type { Warming } from 'nearcache/warming'
import { failureLimit } from '../admission.ts'
import type { Composition } from '../compose.ts'
import { newApp } from '../new-app.ts'

const OFF: Problem = { status: 409, title: 'The cache is off' }

/**
 * Builds the dashboard, which needs the admin token. Its `charts.js` is a static asset. 403 if no token is
 * configured or `DASHBOARD` is `off`, 409 with the cache off, 429 after ten wrong tokens of one address
 * within a minute.
 */
export function dashboardRoutes(
  {
    caching,
    redis,
    adminToken,
    operations,
  }: Pick<Composition, 'caching' | 'redis' | 'adminToken' | 'operations'>,
  warming: Warming | undefined,
): Hono {
  const { dashboard: mode, pricePer100k } = operations
  if (mode === 'off') return closed({ status: 403, title: 'The dashboard is off' })
  if (adminToken === undefined) {
    return closed({
      status: 403,
      title: 'The dashboard is closed',
      detail: 'No ADMIN_TOKEN is configured. Set one with: wrangler secret put ADMIN_TOKEN',
    })
  }
  if (!caching) return closed(OFF)
  const { cache, watch } = caching
  return newApp()
    .use(limitFailures(failureLimit(redis)))
    .route(
      '/',
      dashboardPages({
        cache,
        monitor: watch.monitor,
        hotKeys: watch.hotKeys,
        platform: workersPlatform(),
        authenticate: adminToken,
        pricePer100k,
        mode,
        ...(warming && { warming }),
      }),
    )
}

/**
 * Builds `GET /metrics`, which needs its token. 403 if none is configured, 409 with the cache off, 429 after
 * ten wrong tokens, 503 while Redis is down.
 */
export function metricsRoutes({
  caching,
  redis,
  operations: { metricsToken: token },
}: Pick<Composition, 'caching' | 'redis' | 'operations'>): Hono {
  if (token === undefined) {
    return closed({
      status: 403,
      title: 'The metrics are closed',
      detail: 'No METRICS_TOKEN is configured. Set one with: wrangler secret put METRICS_TOKEN',
    })
  }
  if (!caching) return closed(OFF)
  const { figures, monitor } = caching.watch
  const answer = metricsEndpoint({ figures, monitor, token })
  return newApp()
    .use(limitFailures(failureLimit(redis)))
    .get('/', (c) => answer(c.req.raw))
}

function closed(problem: Problem): Hono {
  return newApp().all('*', () => problemResponse(problem, { 'cache-control': 'no-store' }))
}

/** Counts wrong tokens. A browser that is logged in sends none, and costs no command. */
function limitFailures(limit: RateLimiter): MiddlewareHandler {
  return async function countFailures(c, next) {
    const sendsToken = c.req.method === 'POST' && c.req.path.endsWith('/login')
    if (!sendsToken && c.req.header('authorization') === undefined) return next()
    const attempt = await limit.limit({ address: cloudflareAddress(c) })
    if (!attempt.allowed) {
      return problemResponse({ ...attempt.problem, title: 'Too many wrong tokens' })
    }
    await next()
    if (c.res.status !== 401) await attempt.succeeded()
  }
}
