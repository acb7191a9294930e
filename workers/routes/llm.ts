/**
 * `/llm`: the caching proxy in front of the models.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { RedisCacheManager } from 'nearcache'
import type { LLMResponseCache } from 'nearcache/llm'
import { type LimitDecision, llmProxy } from 'nearcache/llm/proxy'
import { workersPlatform } from 'nearcache/platform/workers'
import { RateLimiter } from 'nearcache/ratelimit'
import { hasToken } from '../admission.ts'
import type { LLMRouteSettings } from '../settings.ts'

/** The parts that the routes use. */
export interface LLMRouteParts {
  readonly cache: RedisCacheManager
  readonly answers: LLMResponseCache
  readonly settings: LLMRouteSettings
}

/** An isolate has 128 MB for all concurrent requests. */
const MAX_REQUEST_BYTES = 12_000_000

/** Builds the routes: those of `nearcache/llm/proxy`. 401 without the token, if one is configured. */
export function llmRoutes({ cache, answers, settings }: LLMRouteParts): Hono {
  const { ollama, openai, openaiKey, token, perMinute, matching } = settings
  // The token must not leave this Worker. If there is none, the model checks the client's credential.
  const hidden = token === undefined ? {} : { authorization: '' }
  const own = openaiKey === undefined ? hidden : { authorization: `Bearer ${openaiKey}` }
  return llmProxy({
    cache: answers,
    platform: workersPlatform(),
    matching: matching !== 'off',
    maxRequestBytes: MAX_REQUEST_BYTES,
    ...(ollama !== undefined && { ollama: { url: ollama, headers: hidden } }),
    ...(openai !== undefined && { openai: { url: openai, headers: own } }),
    ...(token !== undefined && { tenant: tenantBy(token) }),
    ...(perMinute !== undefined && { limit: limitBy(cache, perMinute) }),
  })
}

function tenantBy(token: string): (request: Request) => Promise<string | undefined> {
  return async (request) => ((await hasToken(request, token)) ? 'token' : undefined)
}

/** While Redis is down, each isolate applies the limit by itself. */
function limitBy(
  cache: RedisCacheManager,
  perMinute: number,
): (tenant: string) => Promise<LimitDecision> {
  const limiter = new RateLimiter({
    redis: cache.redis,
    platform: workersPlatform(),
    policies: [{ name: 'llm', by: 'account', limit: perMinute, window: '1m' }],
  })
  return async (account) => {
    const decision = await limiter.limit({ account })
    return decision.allowed
      ? { allowed: true }
      : { allowed: false, retryAfterMs: decision.retryAfter * 1_000 }
  }
}
