/**
 * The conditions that a filter can set on messages.
 *
 * @module
 */

import type { EmailPriority, EmailStatus } from './email.ts'
import type { Instant } from './instant.ts'

/** A range of `receivedAt`, both ends included. At least one end is required. */
export interface DateRange {
  readonly start?: Instant | undefined
  readonly end?: Instant | undefined
}

/**
 * Conditions on a message. Fields are combined with AND, the members of a list with OR.
 *
 * An empty list is refused: it could mean "no message" or "all messages".
 */
export interface EmailConditions {
  readonly statuses?: readonly EmailStatus[] | undefined
  readonly priorities?: readonly EmailPriority[] | undefined
  readonly workflowStates?: readonly string[] | undefined
  readonly workflowTypes?: readonly string[] | undefined
  readonly workflowChainId?: string | undefined
  /** Upper and lower case are the same; white space around an address is ignored. */
  readonly senderEmails?: readonly string[] | undefined
  /** Addresses, compared as `senderEmails`; at least one is among `to`, `cc` and `bcc` of the message. */
  readonly recipients?: readonly string[] | undefined
  /** Null matches messages that are assigned to nobody. */
  readonly assignedTo?: string | null | undefined
  readonly dateRange?: DateRange | undefined
  readonly hasAttachments?: boolean | undefined
  readonly isRead?: boolean | undefined
  readonly isFlagged?: boolean | undefined
  /** The message has at least one of these categories. */
  readonly categories?: readonly string[] | undefined
  readonly threadId?: string | undefined
  readonly conversationId?: string | undefined
  /**
   * Words that must all be in subject, sender or text, in any order; `word*` matches by prefix.
   * Case, accents and punctuation are ignored. 1 to 32 words.
   */
  readonly search?: string | undefined
}

/** Conditions, and alternatives of which the message must also meet at least one. */
export interface EmailFilter extends EmailConditions {
  /** 1 to 16 alternatives. */
  readonly anyOf?: readonly EmailConditions[] | undefined
}
