/**
 * Every error nearcache itself raises. A loader's own error is never wrapped: it reaches the
 * caller as the same object, so existing `catch` blocks keep working.
 *
 * Exported from `'nearcache'` and from the subpath `'nearcache/errors'`.
 *
 * @module
 */

/** Stable, machine-readable reasons. Adding one is a minor release; changing one is major. */
export type NearcacheErrorCode = AnyNearcacheError['code']

/** Union of the family, for an exhaustive `switch (error.code)`. */
export type AnyNearcacheError =
  | InvalidOptionError
  | InvalidKeyError
  | InvalidValueError
  | InvalidFilterError
  | DuplicateEmailError
  | ConfigurationError
  | LoaderTimeoutError
  | RemoteError
  | RemoteTimeoutError
  | CircuitOpenError
  | CorruptEntryError
  | NotCachedError
  | EmbeddingError
  | SnapshotError
  | SessionUnavailableError
  | SessionRefusedError
  | ClosedError

/** Base of the family. Messages never contain cached values or keys, so they are safe to log. */
export abstract class NearcacheError extends Error {
  abstract readonly code: string
  readonly isNearcacheError: true = true
}

/** An option failed validation: while constructing, or before any I/O of the call it was given to. */
export class InvalidOptionError extends NearcacheError {
  override readonly name: string = 'InvalidOptionError'
  readonly code = 'ERR_INVALID_OPTION'
  /** Dotted path of the option, such as `breaker.cooldownMs`. */
  readonly option: string

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
  readonly reason: string

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
  readonly reason: string

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
  readonly field: string

  constructor(field: string, requirement: string) {
    super(`Field "${field}" must be ${requirement}`)
    this.field = field
  }
}

/** The fields that name one message. */
export type UniqueField = 'id' | 'graphId' | 'messageId'

/** A message with the same id, graph id or Message-ID is stored already; nothing was written. */
export class DuplicateEmailError extends NearcacheError {
  override readonly name: string = 'DuplicateEmailError'
  readonly code = 'ERR_DUPLICATE_EMAIL'
  /** The field whose value is taken; the first of them, where several are. */
  readonly field: UniqueField

  constructor(field: UniqueField) {
    super(`Another email has the same "${field}"`)
    this.field = field
  }
}

/** The environment does not describe a working set-up. Lists every problem, and no values. */
export class ConfigurationError extends NearcacheError {
  override readonly name: string = 'ConfigurationError'
  readonly code = 'ERR_CONFIGURATION'
  /** One sentence a problem, each naming its variable. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n- ${problems.join('\n- ')}`)
    this.problems = problems
  }
}

/** The loader took longer than its hard timeout, and no stale entry could be served instead. */
export class LoaderTimeoutError extends NearcacheError {
  override readonly name: string = 'LoaderTimeoutError'
  readonly code = 'ERR_LOADER_TIMEOUT'
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super(`The loader did not settle within ${timeoutMs} ms`)
    this.timeoutMs = timeoutMs
  }
}

/** How far a request got before it failed. */
export interface RemoteFailure {
  /** The command's name alone, such as `MGET`, or `pipeline`. */
  readonly operation: string
  /** A closed set of words: an error prefix of Redis (`OOM`), `HTTP 503`, a code (`ECONNREFUSED`). */
  readonly reason: string
  /** Whether Redis may have applied the request. */
  readonly applied: 'no' | 'unknown'
  /** Whether sending it again could help, as far as the transport knows. @default false */
  readonly retryable?: boolean
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/** Redis, or the way to it, answered with an error, or with nothing that makes sense. */
export class RemoteError extends NearcacheError {
  override readonly name: string = 'RemoteError'
  readonly code = 'ERR_REMOTE'
  readonly operation: string
  readonly reason: string
  readonly applied: 'no' | 'unknown'
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

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
  readonly operation: string
  readonly timeoutMs: number
  readonly applied: 'no' | 'unknown' = 'unknown'

  constructor(operation: string, timeoutMs: number) {
    super(`The remote tier did not answer ${operation} within ${timeoutMs} ms`)
    this.operation = operation
    this.timeoutMs = timeoutMs
  }
}

/** The remote tier is being given time to recover, so no request was sent. */
export class CircuitOpenError extends NearcacheError {
  override readonly name: string = 'CircuitOpenError'
  readonly code = 'ERR_CIRCUIT_OPEN'
  /** Milliseconds until a probe is allowed; 0 while one is already under way. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('The remote tier is unavailable; the circuit is open')
    this.retryAfterMs = retryAfterMs
  }
}

/** What was read from Redis is not an entry of ours. Reported as an event; the read is a miss. */
export class CorruptEntryError extends NearcacheError {
  override readonly name: string = 'CorruptEntryError'
  readonly code = 'ERR_CORRUPT_ENTRY'
  readonly reason: string

  constructor(reason: string) {
    super(`An entry could not be read: ${reason}`)
    this.reason = reason
  }
}

/** A request that allows a stored answer alone (`only-if-cached`) found none. Nothing was generated. */
export class NotCachedError extends NearcacheError {
  override readonly name: string = 'NotCachedError'
  readonly code = 'ERR_NOT_CACHED'

  constructor() {
    super('There is no stored answer, and the request does not allow to generate one')
  }
}

/** An embedding service did not answer, or with nothing that makes sense. */
export class EmbeddingError extends NearcacheError {
  override readonly name: string = 'EmbeddingError'
  readonly code = 'ERR_EMBEDDING'
  /** Which kind of service: `workers-ai`, `ollama` or `openai`. */
  readonly service: string
  /** A closed set of words: `timeout`, `network`, `HTTP 503`, or what was malformed. */
  readonly reason: string
  /** Whether asking again could help. */
  readonly retryable: boolean

  constructor(service: string, reason: string, retryable: boolean) {
    super(`The embedding service ${service} failed: ${reason}`)
    this.service = service
    this.reason = reason
    this.retryable = retryable
  }
}

/** A snapshot of the embedded engine cannot be loaded; the engine holds what it held before. */
export class SnapshotError extends NearcacheError {
  override readonly name: string = 'SnapshotError'
  readonly code = 'ERR_SNAPSHOT'
  /** It is something else, of a version this one cannot read, or not what was once written. */
  readonly reason: 'foreign' | 'version' | 'damaged'

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

/**
 * Why a session is not to be used.
 *
 * `malformed`: no token of ours; nothing was asked. `absent`: Redis has no such session any more.
 * `superseded`: it was rotated, and the overlap is over. `tampered`: what is stored is not what was
 * written. `outdated`: its data does not fit the schema. `pending`, `anonymous`, `active`: it is alive,
 * in a state that the call does not admit.
 */
export type SessionRefusal =
  | 'malformed'
  | 'absent'
  | 'expired'
  | 'revoked'
  | 'superseded'
  | 'tampered'
  | 'outdated'
  | 'pending'
  | 'anonymous'
  | 'active'

/** Sessions cannot be had now: say 503, and neither 401 nor "anonymous". */
export class SessionUnavailableError extends NearcacheError {
  override readonly name: string = 'SessionUnavailableError'
  readonly code = 'ERR_SESSION_UNAVAILABLE'
  /** What was being done, such as `validate`. */
  readonly operation: string
  /**
   * `unreachable`: no answer, or an error in its place. `malformed reply`: the answer makes no sense.
   * `unknown key`: this isolate's ring lacks the key that another has used.
   */
  readonly reason: 'unreachable' | 'malformed reply' | 'unknown key'
  /** Whether Redis may have applied the call. */
  readonly applied: 'no' | 'unknown'

  constructor(
    operation: string,
    reason: SessionUnavailableError['reason'],
    cause?: RemoteError | RemoteTimeoutError | CircuitOpenError | ClosedError,
  ) {
    super(`Sessions are unavailable at ${operation}: ${reason}`, cause && { cause })
    this.operation = operation
    this.reason = reason
    const known = cause !== undefined && 'applied' in cause ? cause.applied : 'no'
    this.applied = reason === 'malformed reply' ? 'unknown' : known
  }
}

/** The call was not carried out: the session is not to be used, or a rule of its user forbids it. */
export class SessionRefusedError extends NearcacheError {
  override readonly name: string = 'SessionRefusedError'
  readonly code = 'ERR_SESSION_REFUSED'
  /** `limit`: the user has all the sessions allowed. `conflict`: others kept changing it. */
  readonly reason: SessionRefusal | 'limit' | 'conflict'

  constructor(reason: SessionRefusedError['reason']) {
    super(`The session was refused: ${reason}`)
    this.reason = reason
  }
}

/** The cache or transport was closed before the call. */
export class ClosedError extends NearcacheError {
  override readonly name: string = 'ClosedError'
  readonly code = 'ERR_CLOSED'

  constructor(what: string) {
    super(`The ${what} has been closed`)
  }
}

/** Recognises this library's errors even across duplicate installs, where `instanceof` fails. */
export function isNearcacheError(error: unknown): error is AnyNearcacheError {
  return error instanceof Error && 'isNearcacheError' in error
}
