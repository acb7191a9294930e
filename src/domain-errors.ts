/**
 * The errors of the domain caches: mail, answers of language models, sessions, presence. `'nearcache/errors'`
 * exports them together with the others.
 *
 * @module
 */

import { NearcacheError } from './base-error.ts'
import type {
  CircuitOpenError,
  ClosedError,
  RemoteError,
  RemoteTimeoutError,
} from './core-errors.ts'

/** The fields that identify one message. */
export type UniqueField = 'id' | 'graphId' | 'messageId'

/** A message with the same id, graph id or Message-ID is stored already; nothing was written. */
export class DuplicateEmailError extends NearcacheError {
  override readonly name: string = 'DuplicateEmailError'
  readonly code = 'ERR_DUPLICATE_EMAIL'
  /** The field whose value is already in use; the first such field if there are several. */
  declare readonly field: UniqueField

  constructor(field: UniqueField) {
    super(`Another email has the same "${field}"`)
    this.field = field
  }
}

/** A request that allows only a stored answer (`only-if-cached`) found none. Nothing was generated. */
export class NotCachedError extends NearcacheError {
  override readonly name: string = 'NotCachedError'
  readonly code = 'ERR_NOT_CACHED'

  constructor() {
    super('There is no stored answer, and the request does not allow to generate one')
  }
}

/** An embedding service did not answer, or its answer was malformed. */
export class EmbeddingError extends NearcacheError {
  override readonly name: string = 'EmbeddingError'
  readonly code = 'ERR_EMBEDDING'
  /** The kind of service: `workers-ai`, `ollama` or `openai`. */
  declare readonly service: string
  /** From a closed set: `timeout`, `network`, `HTTP 503`, or what was malformed. */
  declare readonly reason: string
  /** Whether a retry could succeed. */
  declare readonly retryable: boolean

  constructor(service: string, reason: string, retryable: boolean) {
    super(`The embedding service ${service} failed: ${reason}`)
    this.service = service
    this.reason = reason
    this.retryable = retryable
  }
}

/**
 * Why a session cannot be used.
 *
 * `malformed`: the token does not have our format; Redis was not asked. `absent`: Redis no longer has this
 * session. `superseded`: the token was rotated, and the overlap is over. `tampered`: the stored data was changed
 * after it was written. `outdated`: the session's data does not fit the schema. `pending`, `anonymous`, `active`:
 * the session is alive, but in a state that the call does not accept.
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

/** Sessions cannot be read now. Answer 503; do not answer 401 or treat the user as anonymous. */
export class SessionUnavailableError extends NearcacheError {
  override readonly name: string = 'SessionUnavailableError'
  readonly code = 'ERR_SESSION_UNAVAILABLE'
  /** The operation that failed, such as `validate`. */
  declare readonly operation: string
  /**
   * `unreachable`: Redis did not answer, or answered with an error. `malformed reply`: the reply is not one that
   * the command can have. `unknown key`: this isolate's key ring lacks the key that another isolate has used.
   */
  declare readonly reason: 'unreachable' | 'malformed reply' | 'unknown key'
  /** Whether Redis may have applied the call. */
  declare readonly applied: 'no' | 'unknown'

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

/** The call was not carried out: the session cannot be used, or a limit of its user forbids it. */
export class SessionRefusedError extends NearcacheError {
  override readonly name: string = 'SessionRefusedError'
  readonly code = 'ERR_SESSION_REFUSED'
  /** `limit`: the user has as many sessions as allowed. `conflict`: other calls kept changing the session. */
  declare readonly reason: SessionRefusal | 'limit' | 'conflict'

  constructor(reason: SessionRefusedError['reason']) {
    super(`The session was refused: ${reason}`)
    this.reason = reason
  }
}

/** The reason of a warming job's signal when the job must stop before it is done. The slot continues later. */
export class JobInterruptedError extends NearcacheError {
  override readonly name: string = 'JobInterruptedError'
  readonly code = 'ERR_JOB_INTERRUPTED'
  /** `time`: its time is over. `taken`: another isolate has or may have the job. `stopped`: the runner stops. */
  declare readonly reason: 'time' | 'taken' | 'stopped'

  constructor(reason: JobInterruptedError['reason']) {
    super(`The job is to end: ${INTERRUPTIONS[reason]}`)
    this.reason = reason
  }
}

const INTERRUPTIONS = {
  time: 'its time is over',
  taken: 'it is not this run that holds it',
  stopped: 'the runner stops',
} as const

/** A limit of presence is reached, or the connection belongs to another user. Nothing was changed. */
export class PresenceRefusedError extends NearcacheError {
  override readonly name: string = 'PresenceRefusedError'
  readonly code = 'ERR_PRESENCE_REFUSED'
  /**
   * `connections`: the user has as many connections as allowed. `rooms`: the connection is in as many rooms as
   * allowed. `members`: the room is full. `user`: the connection belongs to another user.
   */
  declare readonly reason: 'connections' | 'rooms' | 'members' | 'user'

  constructor(reason: PresenceRefusedError['reason']) {
    super(`Presence was refused: ${reason}`)
    this.reason = reason
  }
}

/** An event was not published, or it is not known whether it was. */
export class PublishError extends NearcacheError {
  override readonly name: string = 'PublishError'
  readonly code = 'ERR_PUBLISH'
  /** From a closed set: `timeout`, `network`, `malformed answer`, or `HTTP` with the status. */
  declare readonly reason: string
  /** The HTTP status, if there was an answer. */
  declare readonly status: number | undefined
  /** Whether the event may have been delivered nevertheless. */
  declare readonly applied: 'no' | 'unknown'

  constructor(reason: string, status: number | undefined, applied: 'no' | 'unknown') {
    super(`The event was not published: ${reason}`)
    this.reason = reason
    this.status = status
    this.applied = applied
  }
}
