/**
 * The errors of the cache, the connection to Redis, the options and the start-up. `'nearcache/errors'` exports
 * them together with the others.
 *
 * @module
 */

import { NearcacheError } from './base-error.ts'

/** An option failed validation, in a constructor or before any I/O of the call that it was passed to. */
export class InvalidOptionError extends NearcacheError {
  override readonly name: string = 'InvalidOptionError'
  readonly code = 'ERR_INVALID_OPTION'
  /** Dotted path of the option, such as `breaker.cooldownMs`. */
  declare readonly option: string

  constructor(option: string, requirement: string) {
    super(`Option "${option}" must be ${requirement}`)
    this.option = option
  }
}

/** A key, tag, pattern or namespace cannot be used. Raised before any I/O. */
export class InvalidKeyError extends NearcacheError {
  override readonly name: string = 'InvalidKeyError'
  readonly code = 'ERR_INVALID_KEY'
  /** What is wrong, without the text itself: `key is longer than 65536 bytes`. */
  declare readonly reason: string

  constructor(reason: string) {
    super(`Invalid name: ${reason}`)
    this.reason = reason
  }
}

/** A value cannot be stored: it has no encoding, or is larger than `maxValueBytes`. */
export class InvalidValueError extends NearcacheError {
  override readonly name: string = 'InvalidValueError'
  readonly code = 'ERR_INVALID_VALUE'
  /** What is wrong, without the value: `functions cannot be encoded`. */
  declare readonly reason: string

  constructor(reason: string) {
    super(`The value cannot be stored: ${reason}`)
    this.reason = reason
  }
}

/** A query or a write of a domain cache has a field that is unknown or out of range. */
export class InvalidFilterError extends NearcacheError {
  override readonly name: string = 'InvalidFilterError'
  readonly code = 'ERR_INVALID_FILTER'
  /** Dotted path of the field, such as `statuses`. */
  declare readonly field: string

  constructor(field: string, requirement: string) {
    super(`Field "${field}" must be ${requirement}`)
    this.field = field
  }
}

/** The environment variables do not describe a working set-up. Lists every problem, but no values. */
export class ConfigurationError extends NearcacheError {
  override readonly name: string = 'ConfigurationError'
  readonly code = 'ERR_CONFIGURATION'
  /** One sentence per problem, each naming the variable. */
  declare readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
    super(`The configuration has ${count}:\n- ${problems.join('\n- ')}`)
    this.problems = problems
  }
}

/** An export of `nearcache/startup` was used before start-up, or is switched off or not configured. */
export class NotStartedError extends NearcacheError {
  override readonly name: string = 'NotStartedError'
  readonly code = 'ERR_NOT_STARTED'
  /** Name of the export, such as `cacheManager`. */
  declare readonly binding: string

  constructor(binding: string, remedy: string) {
    super(`"${binding}" cannot be used yet: ${remedy}`)
    this.binding = binding
  }
}

/** The loader took longer than its hard timeout, and no stale entry could be served instead. */
export class LoaderTimeoutError extends NearcacheError {
  override readonly name: string = 'LoaderTimeoutError'
  readonly code = 'ERR_LOADER_TIMEOUT'
  /** The hard timeout of the call, in milliseconds. */
  declare readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super(`The loader did not settle within ${timeoutMs} ms`)
    this.timeoutMs = timeoutMs
  }
}

/** How far a request got before it failed. */
export interface RemoteFailure {
  /** The command's name alone, such as `MGET`, or `pipeline`. */
  readonly operation: string
  /** From a closed set: an error prefix of Redis (`OOM`), `HTTP 503`, an error code (`ECONNREFUSED`). */
  readonly reason: string
  /** Whether Redis may have applied the request. */
  readonly applied: 'no' | 'unknown'
  /** Whether a retry could succeed, as far as the transport knows. @default false */
  readonly retryable?: boolean
  /** How long the server asked clients to wait before a retry, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** Redis, or something between it and this client, answered with an error or a malformed reply. */
export class RemoteError extends NearcacheError implements RemoteFailure {
  override readonly name: string = 'RemoteError'
  readonly code = 'ERR_REMOTE'
  declare readonly operation: string
  declare readonly reason: string
  declare readonly applied: 'no' | 'unknown'
  declare readonly retryable: boolean
  declare readonly retryAfterMs: number | undefined

  constructor({ operation, reason, applied, retryable = false, retryAfterMs }: RemoteFailure) {
    super(`The remote tier failed at ${operation}: ${reason}`)
    this.operation = operation
    this.reason = reason
    this.applied = applied
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** The remote tier did not answer in time. A write may or may not have been applied. */
export class RemoteTimeoutError extends NearcacheError {
  override readonly name: string = 'RemoteTimeoutError'
  readonly code = 'ERR_REMOTE_TIMEOUT'
  /** The command's name alone, such as `MGET`, or `pipeline`. */
  declare readonly operation: string
  /** The deadline that has passed, in milliseconds. */
  declare readonly timeoutMs: number
  /** Always `unknown`: Redis may have applied the request before or after the deadline. */
  readonly applied: 'no' | 'unknown' = 'unknown'

  constructor(operation: string, timeoutMs: number) {
    super(`The remote tier did not answer ${operation} within ${timeoutMs} ms`)
    this.operation = operation
    this.timeoutMs = timeoutMs
  }
}

/**
 * The circuit breaker is open to let the remote tier recover, so no request was sent. `cause` is the failure that
 * opened it.
 */
export class CircuitOpenError extends NearcacheError {
  override readonly name: string = 'CircuitOpenError'
  readonly code = 'ERR_CIRCUIT_OPEN'
  /** Milliseconds until a probe is allowed; 0 while one is already under way. */
  declare readonly retryAfterMs: number

  constructor(retryAfterMs: number, cause?: unknown) {
    super('The remote tier is unavailable; the circuit is open', { cause })
    this.retryAfterMs = retryAfterMs
  }
}

/** The text read from Redis is not a valid nearcache entry. Reported as an event; the read is a miss. */
export class CorruptEntryError extends NearcacheError {
  override readonly name: string = 'CorruptEntryError'
  readonly code = 'ERR_CORRUPT_ENTRY'
  /** What is wrong, in fixed words that quote nothing of the entry. */
  declare readonly reason: string

  constructor(reason: string) {
    super(`An entry could not be read: ${reason}`)
    this.reason = reason
  }
}

/** A snapshot of the embedded engine cannot be loaded; the engine keeps its previous data. */
export class SnapshotError extends NearcacheError {
  override readonly name: string = 'SnapshotError'
  readonly code = 'ERR_SNAPSHOT'
  /** The data is no snapshot, has a version that this engine cannot read, or is incomplete or changed. */
  declare readonly reason: 'foreign' | 'version' | 'damaged'

  constructor(reason: SnapshotError['reason']) {
    super(`The snapshot cannot be loaded: ${SNAPSHOT_REASONS[reason]}`)
    this.reason = reason
  }
}

const SNAPSHOT_REASONS = {
  foreign: 'it is not one of this engine',
  version: 'it was written by another version',
  damaged: 'it is incomplete or was changed',
} as const

/** The cache or transport was closed before the call. */
export class ClosedError extends NearcacheError {
  override readonly name: string = 'ClosedError'
  readonly code = 'ERR_CLOSED'

  constructor(what: string) {
    super(`The ${what} has been closed`)
  }
}
