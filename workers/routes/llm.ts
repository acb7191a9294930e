/**
 * `/llm`: the caching proxy before the models.
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

/** What the routes are built from. */
export interface LLMRouteParts {
  readonly cache: RedisCacheManager
  readonly answers: LLMResponseCache
  readonly settings: LLMRouteSettings
}

/** An isolate has 128 MB for all that it does at once. */
const MAX_REQUEST_BYTES = 12_000_000

/** Builds the routes: those of `nearcache/llm/proxy`. 401 without the token, where there is one. */
export function llmRoutes({ cache, answers, settings }: LLMRouteParts): Hono {
  const { ollama, openai, openaiKey, token, perMinute, matching } = settings
  // The token is for this Worker alone; without one the credential is the model's to check.
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

/** While Redis is away each isolate limits by itself. */
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
