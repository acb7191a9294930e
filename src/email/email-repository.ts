/**
 * What a mailbox can do, whatever keeps it. The cached mailbox wraps any of these.
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
  /** Asks for the next page as `cursor`; absent on the last one. */
  readonly nextCursor?: string
  /** All messages that match, on whichever page; there where the query asks for it. */
  readonly total?: number
}

/** One page as ids, for those who keep the messages themselves apart. */
export interface EmailIdPage extends Omit<EmailPage, 'emails'> {
  readonly ids: readonly string[]
  /** Their sort keys in the order of the query, one an id. */
  readonly keys: readonly SortKey[]
}

/** A message before and after one change. Both are of one transaction with the change. */
export interface EmailChange<E extends EmailImage = Email> {
  readonly before: E
  readonly after: E
}

/** A message that was stored or changed; `before` is undefined where it is new. */
export interface EmailUpsert {
  readonly before: Email | undefined
  readonly after: Email
}

/** A message of a batch that was left out, since another has its id, graph id or Message-ID. */
export interface DuplicateInBatch {
  /** Its place in the batch, from 0. */
  readonly index: number
  /** The field whose value is taken; the first of them, where several are. */
  readonly field: UniqueField
}

/** What became of the messages of a batch. */
export interface BatchResult {
  /** The messages stored, as stored, in the order of the batch. */
  readonly created: readonly Email[]
  readonly duplicates: readonly DuplicateInBatch[]
}

/**
 * A mailbox.
 *
 * Every method rejects with an `InvalidFilterError` for input that is not as documented, before it
 * touches the database, and with whatever the database raised, unchanged.
 *
 * Each write is one transaction, and answers every message it changed, before and after: nothing
 * else lies between the two, and what is not answered was not changed.
 */
export interface EmailRepository {
  /** Answers one page of the messages that match, and their number, as of one instant. */
  queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage>
  /** Answers the ids of the page that {@link queryEmails} would answer. */
  queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage>
  /** Answers how many messages match. */
  countEmails(filter: EmailFilter | CanonicalFilter): Promise<number>
  /** The message with this id, or `undefined` if there is none. */
  getEmailById(id: string): Promise<Email | undefined>
  /** The message that another system knows by this id, or `undefined` if there is none. */
  getEmailByGraphId(graphId: string): Promise<Email | undefined>
  /**
   * Answers the messages there are among 0 to 1000 ids, in the order of the ids. Ids without a
   * message are absent; an id named twice is there once. One statement.
   */
  getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>>
  /** Answers the messages of a thread, oldest first; of a longer one the first 1000. */
  getThread(threadId: string): Promise<readonly Email[]>
  /** Answers the messages of a conversation, oldest first; of a longer one the first 1000. */
  getConversation(conversationId: string): Promise<readonly Email[]>
  /** Answers the figures of the messages received in a range; of all without one. */
  getAnalytics(range?: DateRange): Promise<EmailAnalytics>

  /**
   * Stores a message.
   *
   * @returns The message as stored, defaults filled in.
   * @throws {DuplicateEmailError} When the id, graph id or Message-ID is taken; nothing is written.
   */
  createEmail(email: NewEmail): Promise<Email>
  /**
   * Stores a message; where one with its graph id is there, changes that one instead. What a sender
   * wrote stays as it is then; of the rest, what `email` says is taken over.
   *
   * @throws {InvalidFilterError} `graphId`, when the message has none.
   * @throws {DuplicateEmailError} When it is new but its id or Message-ID is taken.
   */
  createOrUpdate(email: NewEmail): Promise<EmailUpsert>
  /**
   * Stores 0 to 1000 messages, all of them in one transaction. Duplicates are left out and told,
   * of those within the batch all but the first.
   */
  batchCreate(emails: readonly NewEmail[]): Promise<BatchResult>
  /**
   * Changes a message.
   *
   * @returns The message as it is then; undefined when there is none with this id.
   */
  updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined>
  /** Changes a message as {@link updateEmail} does, and answers it before and after. */
  changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined>
  /** Makes the same changes to those there are among 0 to 1000 messages. */
  bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]>
  /** Assigns those there are among 0 to 1000 messages; null unassigns. */
  bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]>
  /** Marks those among 0 to 1000 messages that are not marked so yet. @param isRead @default true */
  markAsRead(ids: readonly string[], isRead?: boolean): Promise<readonly EmailChange<EmailImage>[]>
  /** Notes what was recognised in a message, in place of what was noted before; at most 1000. */
  storeEmailEntities(id: string, entities: readonly EmailEntity[]): Promise<EmailChange | undefined>
  /**
   * Notes one more whom a message was handed over to, under `bcc`, as each recipient of an envelope may
   * get a delivery of its own.
   *
   * @returns Undefined where nothing changed: there is no such message, it names the address already,
   *   or has 1000 under `bcc`.
   */
  noteRecipient(id: string, address: string): Promise<EmailChange | undefined>
  /** Deletes a message. @returns The message as it was; undefined when there was none. */
  deleteEmail(id: string): Promise<Email | undefined>

  getWorkflowChain(id: string): Promise<WorkflowChain | undefined>
  /** Stores a chain, or changes the one with this id. */
  createOrUpdateWorkflowChain(chain: WorkflowChainInput): Promise<WorkflowChainChange>

  /**
   * Opens a view for one chain of calls, on a database with replicas. Its first read sees the state
   * of a bookmark at least, or without one every write acknowledged before; the later ones see at
   * least what the earlier ones saw. Absent on a database that is a single copy, where every call
   * does so anyway.
   */
  session?(atLeast?: string): EmailSession
}

/** A view of {@link EmailRepository.session}. */
export interface EmailSession extends EmailRepository {
  /** The state that the latest call of this session saw; undefined before the first. */
  bookmark(): string | undefined
}
