/**
 * What a mailbox can do, whatever keeps it. The cached mailbox wraps any of these.
 *
 * @module
 */

import type { Email, EmailChanges, NewEmail } from './email.ts'
import type { CanonicalQuery, EmailQuery } from './filter.ts'

/** One page of messages, newest first. */
export interface EmailPage {
  readonly emails: readonly Email[]
  /** Asks for the next page as `cursor`; absent on the last one. */
  readonly nextCursor?: string
}

/** One page as ids, for those who keep the messages themselves apart. */
export interface EmailIdPage {
  readonly ids: readonly string[]
  /** Asks for the next page as `cursor`; absent on the last one. */
  readonly nextCursor?: string
}

/** A message before and after one change. */
export interface EmailChange {
  readonly before: Email
  readonly after: Email
}

/**
 * A mailbox.
 *
 * Every method rejects with an `InvalidFilterError` for input that is not as documented, before it
 * touches the database, and with whatever the database raised, unchanged.
 */
export interface EmailRepository {
  /** Answers one page of the messages that match. */
  queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage>
  /** Answers the ids of the page that {@link queryEmails} would answer. */
  queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage>
  getEmailById(id: string): Promise<Email | undefined>
  /**
   * Answers the messages there are among 0 to 1000 ids, in the order of the ids. Ids without a
   * message are absent; an id named twice is there once.
   */
  getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>>
  /**
   * Stores a message.
   *
   * @returns The message as stored, defaults filled in.
   * @throws {DuplicateEmailError} When the id, graph id or Message-ID is taken; nothing is written.
   */
  createEmail(email: NewEmail): Promise<Email>
  /**
   * Changes a message.
   *
   * @returns The message as it is then; undefined when there is none with this id.
   */
  updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined>
  /**
   * Changes a message as {@link updateEmail} does, and answers it before and after. Both are of one
   * transaction, so no other change lies between them.
   */
  changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined>
}
