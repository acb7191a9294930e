/**
 * Checks options and resolves them to a {@link Policy}, once for a cache and a namespace, and for a
 * call only if the call gave any.
 *
 * @module
 */

import { toMilliseconds } from '../entry/duration.ts'
import {
  checkBoolean,
  checkFields,
  checkFunction,
  noSuchOption,
  numberWithin,
  oneOf,
  wholeNumber,
} from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { EntryOptions, LoaderTimeouts, NearOptions, NearPolicy, Policy } from './options.ts'

/** Most tags of one entry, declared and late ones together. Its namespaces and declared prefixes do not count. */
export const MAX_TAGS = 64

type Patch = { -readonly [Name in keyof Policy]: Policy[Name] }
type Resolver = (value: never, patch: Patch) => void

/** One function per option. An option that is not listed here is refused. */
const RESOLVERS: Readonly<Record<keyof EntryOptions, Resolver>> = {
  ttl: (value: number, patch) => {
    patch.ttlMs = toMilliseconds(value, 'ttl', { min: 1 })
  },
  jitter: (value: number, patch) => {
    patch.jitter = numberWithin(value, 'jitter', 0, 0.5)
  },
  staleWhileRevalidate: (value: number, patch) => {
    patch.staleWhileRevalidateMs = toMilliseconds(value, 'staleWhileRevalidate')
  },
  staleIfError: (value: number, patch) => {
    patch.staleIfErrorMs = toMilliseconds(value, 'staleIfError')
  },
  earlyRefresh: (value: number, patch) => {
    patch.earlyRefresh = numberWithin(value, 'earlyRefresh', 0, 100)
  },
  loaderTimeout: (value: LoaderTimeouts, patch) => resolveTimeouts(value, patch),
  tags: (value: NonNullable<EntryOptions['tags']>, patch) => {
    if (typeof value === 'function') patch.tagsOf = value
    else patch.tags = checkTagList(value, 'tags')
  },
  lateTags: (value: boolean, patch) => {
    patch.lateTags = checkBoolean(value, 'lateTags')
  },
  negativeTtl: (value: number, patch) => {
    patch.negativeTtlMs = toMilliseconds(value, 'negativeTtl')
  },
  near: (value: NearOptions | false, patch) => {
    patch.near = resolveNear(value)
  },
  compression: (value: NonNullable<EntryOptions['compression']>, patch) => {
    patch.compression = resolveCompression(value)
  },
  freshness: (value: NonNullable<Policy['freshness']>, patch) => {
    patch.freshness = checkFunction(value, 'freshness')
  },
  schema: (value: NonNullable<EntryOptions['schema']>, patch) => {
    if (typeof value?.['~standard']?.validate !== 'function') {
      throw new InvalidOptionError('schema', 'a Standard Schema')
    }
    patch.schema = value
  },
  reconcile: (value: NonNullable<Policy['reconcile']>, patch) => {
    patch.reconcile = checkFunction(value, 'reconcile')
  },
  consistency: (value: 'strict' | 'relaxed', patch) => {
    patch.consistency = oneOf(value, 'consistency', ['strict', 'relaxed'])
  },
  after: (value: string, patch) => {
    // The token is sent in an HTTP header.
    if (typeof value !== 'string' || !/^[\x21-\x7e]{0,1024}$/.test(value)) {
      throw new InvalidOptionError('after', 'a consistencyToken')
    }
    patch.after = value === '' ? undefined : value
  },
  signal: (value: AbortSignal, patch) => {
    if (!(value instanceof AbortSignal)) throw new InvalidOptionError('signal', 'an AbortSignal')
    patch.signal = value
  },
}

/**
 * The policy of a call: `base` itself if there are no options.
 *
 * @param options An `EntryOptions`, not checked yet.
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function resolvePolicy(base: Policy, options: object | undefined): Policy {
  if (options === undefined) return base
  if (typeof options !== 'object' || options === null) {
    throw new InvalidOptionError('options', 'an object')
  }
  // Runs for every call with options. Copied once and then changed: a second spread takes ten times as long.
  const policy: Patch = { ...base }
  for (const name of Object.keys(options) as (keyof EntryOptions)[]) {
    if (!Object.hasOwn(RESOLVERS, name)) throw noSuchOption(name)
    const value = (options as EntryOptions)[name]
    if (value !== undefined) RESOLVERS[name](value as never, policy)
  }
  if (policy.tagsOf && !policy.lateTags) {
    throw new InvalidOptionError('lateTags', 'true where tags come from the loaded value')
  }
  return policy
}

/** @throws {InvalidOptionError} When it is not a list of at most 64 strings. */
export function checkTagList(value: unknown, option: string): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_TAGS) {
    throw new InvalidOptionError(option, `a list of at most ${MAX_TAGS} tags in all`)
  }
  // A copy, because the caller may change the list later.
  return [...value]
}

/**
 * The late tags of an entry, without duplicates and without those that are declared.
 *
 * @throws {InvalidOptionError} When the entry would have more than 64 tags in all.
 */
export function lateTagsOf(
  declared: readonly string[],
  late: readonly string[],
  option: string,
): readonly string[] {
  if (late.length === 0) return late
  const added = [...new Set(late)].filter((tag) => !declared.includes(tag))
  checkTagList([...declared, ...added], option)
  return added
}

function resolveTimeouts(options: LoaderTimeouts, patch: Patch): void {
  checkFields(options, 'loaderTimeout', ['soft', 'hard'])
  const { soft, hard } = options
  if (soft !== undefined) {
    patch.softTimeoutMs = toMilliseconds(soft, 'loaderTimeout.soft')
  }
  if (hard !== undefined) {
    patch.hardTimeoutMs = toMilliseconds(hard, 'loaderTimeout.hard', { min: 1, max: 3_600_000 })
  }
}

/** @throws {InvalidOptionError} When neither `ttl` nor `verify` bounds the lag. */
function resolveNear(options: NearOptions | false): NearPolicy | undefined {
  if (options === false) return undefined
  checkFields(options, 'near', ['ttl', 'verify', 'values'])
  const { ttl, verify = false, values = 'shared' } = options
  if (ttl === undefined && !verify) {
    throw new InvalidOptionError('near', 'given with a ttl or with verify: true')
  }
  return {
    ttlMs: ttl === undefined ? 0 : toMilliseconds(ttl, 'near.ttl', { min: 1 }),
    verify: checkBoolean(verify, 'near.verify'),
    values: oneOf(values, 'near.values', ['shared', 'copy']),
  }
}

function resolveCompression(
  value: NonNullable<EntryOptions['compression']>,
): Policy['compression'] {
  if (value === false) return false
  checkFields(value, 'compression', ['thresholdBytes'])
  const { thresholdBytes = 1_024 } = value
  return { thresholdBytes: wholeNumber(thresholdBytes, 'compression.thresholdBytes', 0) }
}
