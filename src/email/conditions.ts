/**
 * What messages can be asked for.
 *
 * @module
 */

import type { EmailPriority, EmailStatus } from './email.ts'
import type { Instant } from './instant.ts'

/** A span of `receivedAt`, closed at both ends. At least one end is given. */
export interface DateRange {
  readonly start?: Instant | undefined
  readonly end?: Instant | undefined
}

/**
 * Conditions on a message. The fields narrow each other (AND); the members of a list widen it (OR).
 *
 * A list is never empty: whether that meant nothing or everything would be a guess.
 */
export interface EmailConditions {
  readonly statuses?: readonly EmailStatus[] | undefined
  readonly priorities?: readonly EmailPriority[] | undefined
  readonly workflowStates?: readonly string[] | undefined
  readonly workflowTypes?: readonly string[] | undefined
  readonly workflowChainId?: string | undefined
  /** Upper and lower case are the same, and white space around an address is not looked at. */
  readonly senderEmails?: readonly string[] | undefined
  /** Addresses, as `senderEmails`, of which one at least is among `to`, `cc` and `bcc`. */
  readonly recipients?: readonly string[] | undefined
  /** Null asks for messages nobody is assigned to. */
  readonly assignedTo?: string | null | undefined
  readonly dateRange?: DateRange | undefined
  readonly hasAttachments?: boolean | undefined
  readonly isRead?: boolean | undefined
  readonly isFlagged?: boolean | undefined
  /** Categories of which the message has one at least. */
  readonly categories?: readonly string[] | undefined
  readonly threadId?: string | undefined
  readonly conversationId?: string | undefined
  /**
   * Words that are all in subject, sender or text, in any order; `word*` is the beginning of one.
   * Case, accents and punctuation are not looked at. 1 to 32 words.
   */
  readonly search?: string | undefined
}

/** Conditions, and alternatives of which one at least is met besides. */
export interface EmailFilter extends EmailConditions {
  /** 1 to 16 of them. */
  readonly anyOf?: readonly EmailConditions[] | undefined
}
