/**
 * The errors of the domain caches: mail, answers of language models, sessions, presence. Exported with the others
 * by `'nearcache/errors'`.
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

/** The fields that name one message. */
export type UniqueField = 'id' | 'graphId' | 'messageId'

/** A message with the same id, graph id or Message-ID is stored already; nothing was written. */
export class DuplicateEmailError extends NearcacheError {
  override readonly name: string = 'DuplicateEmailError'
  readonly code = 'ERR_DUPLICATE_EMAIL'
  /** The field whose value is taken; the first of them, where several are. */
  declare readonly field: UniqueField

  constructor(field: UniqueField) {
    super(`Another email has the same "${field}"`)
    this.field = field
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
  declare readonly service: string
  /** A closed set of words: `timeout`, `network`, `HTTP 503`, or what was malformed. */
  declare readonly reason: string
  /** Whether asking again could help. */
  declare readonly retryable: boolean

  constructor(service: string, reason: string, retryable: boolean) {
    super(`The embedding service ${service} failed: ${reason}`)
    this.service = service
    this.reason = reason
    this.retryable = retryable
  }
}

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
  declare readonly operation: string
  /**
   * `unreachable`: no answer, or an error in its place. `malformed reply`: the answer makes no sense.
   * `unknown key`: this isolate's ring lacks the key that another has used.
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

/** The call was not carried out: the session is not to be used, or a rule of its user forbids it. */
export class SessionRefusedError extends NearcacheError {
  override readonly name: string = 'SessionRefusedError'
  readonly code = 'ERR_SESSION_REFUSED'
  /** `limit`: the user has all the sessions allowed. `conflict`: others kept changing it. */
  declare readonly reason: SessionRefusal | 'limit' | 'conflict'

  constructor(reason: SessionRefusedError['reason']) {
    super(`The session was refused: ${reason}`)
    this.reason = reason
  }
}

/** A warming job is to end before it is done: its signal's reason. The slot goes on later. */
export class JobInterruptedError extends NearcacheError {
  override readonly name: string = 'JobInterruptedError'
  readonly code = 'ERR_JOB_INTERRUPTED'
  /** Its time is over, another isolate has it or may have it, or the runner stops. */
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

/** Presence has no room for it, or it is somebody else's. Nothing was changed. */
export class PresenceRefusedError extends NearcacheError {
  override readonly name: string = 'PresenceRefusedError'
  readonly code = 'ERR_PRESENCE_REFUSED'
  /**
   * `connections`: the user has all that are allowed. `rooms`: the connection is in all that are
   * allowed. `members`: the room is full. `user`: the connection is another user's.
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
  /** A closed set of words: `timeout`, `network`, `malformed answer`, or `HTTP` with the status. */
  declare readonly reason: string
  /** The status of the answer, where there was one. */
  declare readonly status: number | undefined
  /** Whether it may have been delivered all the same. */
  declare readonly applied: 'no' | 'unknown'

  constructor(reason: string, status: number | undefined, applied: 'no' | 'unknown') {
    super(`The event was not published: ${reason}`)
    this.reason = reason
    this.status = status
    this.applied = applied
  }
}
