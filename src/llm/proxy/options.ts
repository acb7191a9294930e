/**
 * The options of the proxy.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import {
  checkBoolean,
  checkFields,
  numberWithin,
  oneOf,
  wholeNumber,
} from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import { llmCache } from '../default-llm-cache.ts'
import type { LLMResponseCache } from '../llm-cache.ts'
import type { JudgeOptions } from './dialect.ts'
import { defaultTenant } from './tenant.ts'

/** A server of models. */
export interface UpstreamOptions {
  /** Without the paths of the protocol: `http://localhost:11434`, `https://api.openai.com/v1`. */
  readonly url: string
  /** Replace the client's headers of the same names; an empty text removes the header. @default {} */
  readonly headers?: Readonly<Record<string, string>>
}

/** The decision of a rate limit. */
export interface LimitDecision {
  readonly allowed: boolean
  /** How long to wait before a retry, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** Options for {@link llmProxy}. */
export interface LLMProxyOptions {
  /** @default llmCache */
  readonly cache?: LLMResponseCache
  /** Answers `/api/*`; also `/v1/*` if there is no `openai`. @default none */
  readonly ollama?: string | UpstreamOptions | undefined
  /** Answers `/v1/*`. @default that of `ollama` */
  readonly openai?: string | UpstreamOptions | undefined
  /** @default the global one */
  readonly fetch?: (request: Request) => Promise<Response>
  /** @default webPlatform() */
  readonly platform?: Platform
  /**
   * The tenant of a request: no tenant gets another's answers. `undefined` refuses the request with 401.
   * @default a hash of the request's credential; all requests without one are the same tenant
   */
  readonly tenant?: (request: Request) => string | undefined | Promise<string | undefined>
  /** Called with the tenant before each request; a request that it refuses gets 429. @default none */
  readonly limit?: (tenant: string) => Promise<LimitDecision>
  /**
   * `deterministic` stores only answers that the model would repeat: at temperature 0, or with a seed.
   * @default 'any'
   */
  readonly sampling?: 'any' | 'deterministic'
  /**
   * Also answers by meaning, if the cache has a matcher and the request is for one text, and sets a
   * temperature of at most `maxTemperature` (0.3 unless given). @default false
   */
  readonly matching?:
    | boolean
    | { readonly maxTemperature?: number; readonly minSimilarity?: number }
  /** Whether answers that call tools are stored, for exactly the same question. @default true */
  readonly storesToolCalls?: boolean
  /** Whether an answer is stored that was cut off at a limit that the request sets. @default false */
  readonly storesTruncated?: boolean
  /**
   * How long it may take to notice that an Ollama model was replaced under its name. A replacement through
   * this proxy is noticed at once. `false` never checks. @default '1m'
   */
  readonly digests?: Duration | false
  /** Longer requests are refused; in bytes. @default 33_554_432 (32 MiB) */
  readonly maxRequestBytes?: number
}

/** A server of models, checked. */
export interface Upstream {
  /** Without a trailing slash. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether it is Ollama, whose models have digests. */
  readonly isOllama: boolean
}

/** The options, checked. */
export interface ProxyPolicy extends JudgeOptions {
  readonly cache: LLMResponseCache
  readonly ollama: Upstream | undefined
  readonly openai: Upstream
  readonly fetch: (request: Request) => Promise<Response>
  readonly platform: Platform
  readonly tenant: (request: Request) => string | undefined | Promise<string | undefined>
  readonly limit: ((tenant: string) => Promise<LimitDecision>) | undefined
  readonly needsDeterminism: boolean
  readonly matching:
    | false
    | { readonly maxTemperature: number; readonly minSimilarity: number | undefined }
  readonly digestsMs: number | false
  readonly maxRequestBytes: number
}

const NAMES: readonly (keyof LLMProxyOptions)[] = [
  'cache',
  'ollama',
  'openai',
  'fetch',
  'platform',
  'tenant',
  'limit',
  'sampling',
  'matching',
  'storesToolCalls',
  'storesTruncated',
  'digests',
  'maxRequestBytes',
]

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function readProxyOptions(options: LLMProxyOptions): ProxyPolicy {
  checkFields(options, 'options', NAMES)
  const { storesToolCalls = true, storesTruncated = false, digests = '1m' } = options
  const { sampling = 'any', maxRequestBytes = 33_554_432, cache = llmCache } = options
  if (typeof cache.obtain !== 'function')
    throw new InvalidOptionError('cache', 'an LLMResponseCache')
  return {
    cache,
    ...readUpstreams(options),
    // Some runtimes refuse the global `fetch` when it is called as a method of another object.
    fetch: options.fetch ?? ((request) => fetch(request)),
    platform: options.platform ?? webPlatform(),
    tenant: options.tenant ?? defaultTenant,
    limit: options.limit,
    needsDeterminism: oneOf(sampling, 'sampling', ['any', 'deterministic']) === 'deterministic',
    matching: readMatching(options.matching),
    storesToolCalls: checkBoolean(storesToolCalls, 'storesToolCalls'),
    storesTruncated: checkBoolean(storesTruncated, 'storesTruncated'),
    digestsMs: digests === false ? false : toMilliseconds(digests, 'digests', { min: 1 }),
    maxRequestBytes: wholeNumber(maxRequestBytes, 'maxRequestBytes', 1),
  }
}

function readUpstreams(options: LLMProxyOptions): Pick<ProxyPolicy, 'ollama' | 'openai'> {
  const ollama = upstream(options.ollama, 'ollama')
  const openai = upstream(options.openai, 'openai')
  if (openai) return { ollama, openai }
  // Ollama serves both protocols.
  if (ollama) return { ollama, openai: { ...ollama, url: `${ollama.url}/v1` } }
  throw new InvalidOptionError('ollama', 'a URL, or openai given')
}

function readMatching(matching: LLMProxyOptions['matching'] = false): ProxyPolicy['matching'] {
  if (matching === false) return false
  const { maxTemperature = 0.3, minSimilarity } = matching === true ? {} : matching
  if (!(maxTemperature >= 0)) throw new InvalidOptionError('matching.maxTemperature', '0 or more')
  numberWithin(minSimilarity ?? 0, 'matching.minSimilarity', 0, 1)
  return { maxTemperature, minSimilarity }
}

function upstream(
  given: string | UpstreamOptions | undefined,
  option: string,
): Upstream | undefined {
  if (given === undefined) return undefined
  const { url, headers = {} } = typeof given === 'string' ? { url: given } : given
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new InvalidOptionError(option, 'an http or https URL')
  }
  return { url: url.replace(/\/+$/, ''), headers, isOllama: option === 'ollama' }
}
