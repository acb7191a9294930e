/**
 * Sessions that can be trusted: encrypted in Redis, revocable at once, validated in one command.
 *
 * Exported as `'nearcache/session'`.
 *
 * @module
 */

export { SessionRefusedError, SessionUnavailableError } from '../errors.ts'
export type {
  FastSession,
  Issued,
  Session,
  SessionGate,
  SessionInfo,
  SessionRefusal,
  SessionState,
  ValidateOptions,
  Validation,
} from './session.ts'
