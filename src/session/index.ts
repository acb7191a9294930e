/**
 * Encrypted sessions in Redis: revocable at once, and validated in one command.
 *
 * Exported as `'nearcache/session'`.
 *
 * @module
 */

export type { EncryptionKey } from '../entry/key-ring.ts'
export { SessionRefusedError, SessionUnavailableError } from '../errors.ts'
export type { Activity, ActivityOptions, ActivityPage } from './activity.ts'
export type { AnonymousOptions, CreateSessionOptions } from './login.ts'
export type { Lifetime, LifetimeOptions, RefusalEvent, SessionOptions } from './options.ts'
export type { PermissionListener } from './permission-listeners.ts'
export { type PutOptions, SealedStore, type SealedStoreOptions } from './sealed-store.ts'
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
export { readSessionKeys, SESSION_KEYS_REQUIREMENT } from './session-keys.ts'
export { SessionUserCache } from './session-user-cache.ts'
