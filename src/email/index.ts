/**
 * The mailbox: stores messages in SQL, queries them and caches the results.
 *
 * Exported as `'nearcache/email'`.
 *
 * @module
 */

export { DuplicateEmailError, type UniqueField } from '../errors.ts'
export type { EmailAnalytics, WorkflowStats, Workload } from './analytics.ts'
export type { Branch, ReceivedRange } from './branch.ts'
export { CachedEmailRepository } from './cached/cached-email-repository.ts'
export type {
  CachedEmailRepositoryOptions,
  NearMessages,
  NotifiedChange,
} from './cached/options.ts'
export type { EmailCacheStats } from './cached/stats.ts'
export type { WarmOptions, WarmProgress, WarmResult } from './cached/warming.ts'
export type { EmailConsistency, UnmarkedWrites } from './cached/writer.ts'
export type { DateRange, EmailConditions, EmailFilter } from './conditions.ts'
export type { D1Like, D1ResultLike, D1SessionLike, D1StatementLike } from './d1-driver.ts'
export { type SqlDatabase, toSqlDriver } from './database.ts'
export type { SqlDriver, SqlParam, SqlRow, SqlSession, SqlStatement } from './driver.ts'
export {
  type AddressInput,
  type Email,
  type EmailAddress,
  type EmailAttachment,
  type EmailChanges,
  type EmailEntity,
  type EmailImage,
  type EmailImportance,
  type EmailPriority,
  type EmailStatus,
  IMPORTANCES,
  type NewEmail,
  OPEN_STATUSES,
  PRIORITIES,
  SETTLED_STATUSES,
  STATUSES,
} from './email.ts'
export type {
  BatchResult,
  DuplicateInBatch,
  EmailChange,
  EmailIdPage,
  EmailPage,
  EmailRepository,
  EmailSession,
  EmailUpsert,
} from './email-repository.ts'
export {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  canonicalizeFilter,
  canonicalKey,
  DEFAULT_LIMIT,
  type EmailQuery,
  MAX_LIMIT,
  MAX_OFFSET,
} from './filter.ts'
export { indexTexts } from './index-texts.ts'
export type { DateLike, Instant } from './instant.ts'
export { isAfterStart, matchesFilter, matchesImage, type TermCheck } from './match.ts'
export {
  compareInOrder,
  DIRECTIONS,
  type EmailDirection,
  type EmailOrder,
  type EmailOrderBy,
  ORDERS,
  type Sortable,
  type SortKey,
  sortKeyOf,
} from './order.ts'
export {
  type RejectedMessage,
  RejectedMessages,
  type RejectedMessagesOptions,
  type Rejection,
} from './rejected-messages.ts'
export { MIGRATIONS, type Migration, migrate } from './schema.ts'
export { SqlEmailRepository, type SqlEmailRepositoryOptions } from './sql-email-repository.ts'
export type { SqliteLike, SqliteStatementLike } from './sqlite-driver.ts'
export type { WorkflowChain, WorkflowChainChange, WorkflowChainInput } from './workflow-chain.ts'
