/**
 * The mailbox: messages in SQL, and the questions that can be asked of them.
 *
 * Exported as `'nearcache/email'`.
 *
 * @module
 */

export { DuplicateEmailError, type UniqueField } from '../errors.ts'
export {
  CachedEmailRepository,
  type CachedEmailRepositoryOptions,
} from './cached-email-repository.ts'
export type { WarmOptions } from './cached-warming.ts'
export type { Position } from './cursor.ts'
export type { D1Like, D1ResultLike, D1StatementLike } from './d1-driver.ts'
export {
  type SqlDatabase,
  type SqlDriver,
  type SqlParam,
  type SqlRow,
  type SqlStatement,
  toSqlDriver,
} from './driver.ts'
export {
  type AddressInput,
  type Email,
  type EmailAddress,
  type EmailChanges,
  type EmailImportance,
  type EmailPriority,
  type EmailStatus,
  IMPORTANCES,
  type NewEmail,
  PRIORITIES,
  STATUSES,
} from './email.ts'
export type { EmailChange, EmailIdPage, EmailPage, EmailRepository } from './email-repository.ts'
export {
  type CanonicalQuery,
  canonicalize,
  canonicalKey,
  type DateRange,
  DEFAULT_LIMIT,
  type EmailQuery,
  MAX_LIMIT,
} from './filter.ts'
export type { DateLike, Instant } from './instant.ts'
export { MIGRATIONS, type Migration, migrate } from './schema.ts'
export { SqlEmailRepository, type SqlEmailRepositoryOptions } from './sql-email-repository.ts'
export type { SqliteLike, SqliteStatementLike } from './sqlite-driver.ts'
