/**
 * The interface of a mailbox. The cached mailbox wraps any implementation of it.
 *
 * @module
 */

import type { UniqueField } from '../errors.ts'
import type { EmailAnalytics } from './analytics.ts'
import type { DateRange, EmailFilter } from './conditions.ts'
import type { Email, EmailChanges, EmailEntity, EmailImage, NewEmail } from './email.ts'
import type { CanonicalFilter, CanonicalQuery, EmailQuery } from './filter.ts'
import type { SortKey } from './order.ts'
import type { WorkflowChain, WorkflowChainChange, WorkflowChainInput } from './workflow-chain.ts'

/** One page of messages, in the order of the query. */
export interface EmailPage {
  readonly emails: readonly Email[]
  /** The `cursor` of the next page; absent on the last page. */
  readonly nextCursor?: string
  /** Number of messages that match, on all pages; present if the query has `total: true`. */
  readonly total?: number
}

/** One page as ids, for callers that store the messages separately. */
export interface EmailIdPage extends Omit<EmailPage, 'emails'> {
  readonly ids: readonly string[]
  /** The sort keys of `ids`, in the same order. */
  readonly keys: readonly SortKey[]
}

/** A message before and after one change, both read in the transaction of the change. */
export interface EmailChange<E extends EmailImage = Email> {
  readonly before: E
  readonly after: E
}

/** A message that was stored or changed; `before` is undefined if it is new. */
export interface EmailUpsert {
  readonly before: Email | undefined
  readonly after: Email
}

/** A message of a batch that was not stored, because another has its id, graph id or Message-ID. */
export interface DuplicateInBatch {
  /** Its index in the batch, from 0. */
  readonly index: number
  /** The field whose value is taken; the first if several are. */
  readonly field: UniqueField
}

/** The result of storing a batch. */
export interface BatchResult {
  /** The messages that were stored, as stored, in the order of the batch. */
  readonly created: readonly Email[]
  readonly duplicates: readonly DuplicateInBatch[]
}

/**
 * A mailbox.
 *
 * Every method rejects with an `InvalidFilterError` for invalid input, before it accesses the database.
 * Errors of the database are passed on unchanged.
 *
 * Each write is one transaction and returns every message that it changed, before and after. No other
 * change lies between the two, and a message that is not returned was not changed.
 */
export interface EmailRepository {
  /** Returns one page of the messages that match and, if wanted, their number, both from one transaction. */
  queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage>
  /** Returns the ids of the page that {@link queryEmails} would return. */
  queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage>
  /** Returns how many messages match. */
  countEmails(filter: EmailFilter | CanonicalFilter): Promise<number>
  /** The message with this id, or `undefined` if there is none. */
  getEmailById(id: string): Promise<Email | undefined>
  /** The message with this id at the mail provider, or `undefined` if there is none. */
  getEmailByGraphId(graphId: string): Promise<Email | undefined>
  /**
   * Returns the messages with 0 to 1000 ids, in the order of the ids. An id without a message is absent
   * from the result; a repeated id appears once. One statement.
   */
  getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>>
  /** Returns the messages of a thread, oldest first; at most the first 1000. */
  getThread(threadId: string): Promise<readonly Email[]>
  /** Returns the messages of a conversation, oldest first; at most the first 1000. */
  getConversation(conversationId: string): Promise<readonly Email[]>
  /** Returns the figures of the messages received in a range; without a range, of all messages. */
  getAnalytics(range?: DateRange): Promise<EmailAnalytics>

  /**
   * Stores a message.
   *
   * @returns The message as stored, defaults filled in.
   * @throws {DuplicateEmailError} When the id, graph id or Message-ID is taken; nothing is written.
   */
  createEmail(email: NewEmail): Promise<Email>
  /**
   * Stores a message, or changes the stored message with the same graph id. A change does not touch what the
   * sender wrote; it sets importance, flags, categories, status, priority and assignee, if `email` has them.
   *
   * @throws {InvalidFilterError} `graphId`, when the message has none.
   * @throws {DuplicateEmailError} When the message is new but its id or Message-ID is taken.
   */
  createOrUpdate(email: NewEmail): Promise<EmailUpsert>
  /**
   * Stores 0 to 1000 messages in one transaction. Duplicates are not stored but reported; of duplicates
   * within the batch, the first is stored.
   */
  batchCreate(emails: readonly NewEmail[]): Promise<BatchResult>
  /**
   * Changes a message.
   *
   * @returns The message after the change; undefined when there is none with this id.
   */
  updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined>
  /** Changes a message as {@link updateEmail} does, and returns it before and after the change. */
  changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined>
  /** Makes the same changes to 0 to 1000 messages; ids without a message are skipped. */
  bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]>
  /** Assigns 0 to 1000 messages; null unassigns. Ids without a message are skipped. */
  bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]>
  /** Marks those of 0 to 1000 messages that are not marked so yet. @param isRead @default true */
  markAsRead(ids: readonly string[], isRead?: boolean): Promise<readonly EmailChange<EmailImage>[]>
  /** Replaces the recognised entities of a message; at most 1000. */
  storeEmailEntities(id: string, entities: readonly EmailEntity[]): Promise<EmailChange | undefined>
  /**
   * Adds an envelope recipient to `bcc`. A mail server may deliver a message once for each recipient, so
   * later deliveries can bring recipients that the stored message does not name.
   *
   * @returns Undefined if nothing changed: there is no such message, it already names the address, or
   *   `bcc` has 1000 addresses.
   */
  noteRecipient(id: string, address: string): Promise<EmailChange | undefined>
  /** Deletes a message. @returns The deleted message; undefined when there was none. */
  deleteEmail(id: string): Promise<Email | undefined>

  getWorkflowChain(id: string): Promise<WorkflowChain | undefined>
  /** Stores a chain, or changes the one with this id. */
  createOrUpdateWorkflowChain(chain: WorkflowChainInput): Promise<WorkflowChainChange>

  /**
   * Opens a session on a database with replicas, for calls that must not read older states than the calls
   * before them. The first read sees at least the state of the bookmark `atLeast`; without a bookmark,
   * every write acknowledged before. Later reads see at least what earlier ones saw. Absent on a
   * database without replicas, where this always holds.
   */
  session?(atLeast?: string): EmailSession
}

/** A session opened by {@link EmailRepository.session}. */
export interface EmailSession extends EmailRepository {
  /** Bookmark of the state that the latest call of this session saw; undefined before the first call. */
  bookmark(): string | undefined
}
