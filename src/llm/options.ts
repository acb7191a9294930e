/**
 * Options of the answer cache, and their validation.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkBoolean, checkFields, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Price } from './accounting.ts'
import type { GenerateLimits } from './answer-context.ts'
import { type ContentClass, readTtls } from './content-class.ts'
import type { ResolveSettings } from './request.ts'
import type { Matcher } from './semantic/matcher.ts'

/** Time limits of generating an answer. */
export interface LLMTimeouts {
  /**
   * Until the model begins to answer, including the time to load the model; and from there, for example from the
   * headers of a stream, until its first part. @default '2m'
   */
  readonly first?: Duration
  /** Between two parts. @default '1m' */
  readonly idle?: Duration
  /**
   * For the whole answer; at most an hour. A process that dies while it generates delays other callers by
   * six seconds at most. @default '10m'
   */
  readonly total?: Duration
}

/** Options for {@link LLMResponseCache}. */
export interface LLMResponseCacheOptions {
  /**
   * Answers are stored in its namespace `llm`; its encryption and hashed names apply.
   * @default defaultCache(), looked up at each call
   */
  readonly cache?: CacheNamespace<unknown>
  /** @default that of `cache`, if it is given */
  readonly platform?: Platform
  /** Finds answers to similar prompts, for the requests that ask for it. @default none */
  readonly matcher?: Matcher
  /** Lifetimes by content class; a class with 0 is not cached. @default a day, 5 min, 7 d, 30 min, 30 d */
  readonly ttl?: Readonly<Partial<Record<ContentClass, Duration>>>
  /** Whether prompts that differ in initial capitals, spaces and end marks share answers. @default true */
  readonly normalisedMatching?: boolean
  /** How long a model may take. @default 2 min for the first part, 1 min between two, 10 min in all */
  readonly timeouts?: LLMTimeouts
  /**
   * How long a call waits for an answer that another process is generating. After that the call generates
   * its own answer, which is not stored. @default '15s'
   */
  readonly patience?: Duration
  /**
   * Longer answers are neither stored nor buffered, but passed on at the pace of their slowest client; in
   * UTF-16 units. @default 1_048_576
   */
  readonly maxAnswerChars?: number
  /** Prices by name of the model. @default {} */
  readonly prices?: Readonly<Record<string, Price>>
}

/** The validated options. */
export interface LLMSettings extends ResolveSettings {
  readonly limits: GenerateLimits
}

const NAMES: readonly (keyof LLMResponseCacheOptions)[] = [
  'cache',
  'platform',
  'matcher',
  'ttl',
  'normalisedMatching',
  'timeouts',
  'patience',
  'maxAnswerChars',
  'prices',
]

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function readOptions(options: LLMResponseCacheOptions): LLMSettings {
  const { cache, normalisedMatching = true, timeouts = {} } = options
  const { first = '2m', idle = '1m', total = '10m' } = timeouts
  const { patience = '15s', maxAnswerChars = 1_048_576 } = options
  checkFields(options, 'options', NAMES)
  if (cache !== undefined && typeof cache.namespace !== 'function') {
    throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
  }
  if (options.matcher !== undefined && typeof options.matcher.match !== 'function') {
    throw new InvalidOptionError('matcher', 'a Matcher')
  }
  return {
    ttls: readTtls(options.ttl),
    folds: checkBoolean(normalisedMatching, 'normalisedMatching'),
    limits: {
      firstMs: toMilliseconds(first, 'timeouts.first', { min: 1 }),
      idleMs: toMilliseconds(idle, 'timeouts.idle', { min: 1 }),
      totalMs: toMilliseconds(total, 'timeouts.total', { min: 1, max: 3_600_000 }),
      patienceMs: toMilliseconds(patience, 'patience', { min: 1 }),
      maxChars: wholeNumber(maxAnswerChars, 'maxAnswerChars', 1),
    },
  }
}
