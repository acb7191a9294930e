/**
 * Every error nearcache itself raises. A loader's own error is never wrapped: it reaches the
 * caller as the same object, so existing `catch` blocks keep working.
 *
 * Exported from `'nearcache'` and from the subpath `'nearcache/errors'`.
 *
 * @module
 */

import type {
  CircuitOpenError,
  ClosedError,
  ConfigurationError,
  CorruptEntryError,
  InvalidFilterError,
  InvalidKeyError,
  InvalidOptionError,
  InvalidValueError,
  LoaderTimeoutError,
  NotStartedError,
  RemoteError,
  RemoteTimeoutError,
  SnapshotError,
} from './core-errors.ts'
import type {
  DuplicateEmailError,
  EmbeddingError,
  JobInterruptedError,
  NotCachedError,
  PresenceRefusedError,
  PublishError,
  SessionRefusedError,
  SessionUnavailableError,
} from './domain-errors.ts'

export { NearcacheError } from './base-error.ts'
export {
  CircuitOpenError,
  ClosedError,
  ConfigurationError,
  CorruptEntryError,
  InvalidFilterError,
  InvalidKeyError,
  InvalidOptionError,
  InvalidValueError,
  LoaderTimeoutError,
  NotStartedError,
  RemoteError,
  type RemoteFailure,
  RemoteTimeoutError,
  SnapshotError,
} from './core-errors.ts'
export {
  DuplicateEmailError,
  EmbeddingError,
  JobInterruptedError,
  NotCachedError,
  PresenceRefusedError,
  PublishError,
  type SessionRefusal,
  SessionRefusedError,
  SessionUnavailableError,
  type UniqueField,
} from './domain-errors.ts'

/** Stable, machine-readable codes. A new code is a minor release; a changed code is a major one. */
export type NearcacheErrorCode = AnyNearcacheError['code']

/** Union of all nearcache errors, for an exhaustive `switch (error.code)`. */
export type AnyNearcacheError =
  | InvalidOptionError
  | InvalidKeyError
  | InvalidValueError
  | InvalidFilterError
  | DuplicateEmailError
  | ConfigurationError
  | NotStartedError
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
  | JobInterruptedError
  | PresenceRefusedError
  | PublishError
  | ClosedError

/** Recognises this library's errors even across duplicate installs, where `instanceof` fails. */
export function isNearcacheError(error: unknown): error is AnyNearcacheError {
  return error instanceof Error && 'isNearcacheError' in error
}
