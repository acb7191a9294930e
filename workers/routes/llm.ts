/**
 * `/llm`: the caching proxy before the models.
 *
 * @module
 */

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import type { Hono } from 'hono'
import type { RedisCacheManager } from 'nearcache'
import type { LLMResponseCache } from 'nearcache/llm'
import { type LimitDecision, llmProxy } from 'nearcache/llm/proxy'
import { workersPlatform } from 'nearcache/platform/workers'
import { hasToken } from '../admission.ts'
import type { LLMRouteSettings } from '../env.ts'

/** What the routes are built from. */
export interface LLMRouteParts {
  readonly cache: RedisCacheManager
  readonly answers: LLMResponseCache
  readonly settings: LLMRouteSettings
}

/** Builds the routes: those of `nearcache/llm/proxy`. 401 without the token, where there is one. */
export function llmRoutes({ cache, answers, settings }: LLMRouteParts): Hono {
  const { ollama, openai, openaiKey, token, perMinute } = settings
  // The token is for this Worker alone; without one the credential is the model's to check.
  const hidden = token === undefined ? {} : { authorization: '' }
  const own = openaiKey === undefined ? hidden : { authorization: `Bearer ${openaiKey}` }
  return llmProxy({
    cache: answers,
    platform: workersPlatform(),
    ...(ollama !== undefined && { ollama: { url: ollama, headers: hidden } }),
    ...(openai !== undefined && { openai: { url: openai, headers: own } }),
    ...(token !== undefined && { tenant: tenantBy(token) }),
    ...(perMinute !== undefined && { limit: limitBy(cache, perMinute) }),
  })
}

function tenantBy(token: string): (request: Request) => Promise<string | undefined> {
  return async (request) => ((await hasToken(request, token)) ? 'token' : undefined)
}

/** While Redis is away nothing is limited: the model has limits of its own. */
function limitBy(
  cache: RedisCacheManager,
  perMinute: number,
): (tenant: string) => Promise<LimitDecision> {
  const limit = new Ratelimit({
    redis: new Redis(cache.redis),
    limiter: Ratelimit.slidingWindow(perMinute, '1 m'),
    prefix: 'nc:llm',
    ephemeralCache: false,
    timeout: 0,
  })
  return (tenant) =>
    limit.limit(tenant).then(
      ({ success, reset }) => ({ allowed: success, retryAfterMs: Math.max(0, reset - Date.now()) }),
      () => ({ allowed: true }),
    )
}
