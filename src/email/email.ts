/**
 * A message as the mailbox keeps it, and the shapes in which it is given and changed.
 *
 * Instants in an {@link Email} are numbers, in epoch milliseconds, so that a message means the same
 * after any encoding; on the way in a `Date` or an ISO 8601 text does as well.
 *
 * @module
 */

import type { Instant } from './instant.ts'

/**
 * Where a message stands: not looked at (`new`), being worked on (`in_progress`), queued (`pending`),
 * held up by somebody else (`waiting`), raised (`escalated`), done (`completed`), settled with the
 * sender (`resolved`), or put away (`archived`).
 */
export const STATUSES = [
  'new',
  'in_progress',
  'pending',
  'waiting',
  'escalated',
  'completed',
  'resolved',
  'archived',
] as const
/** One of {@link STATUSES}. */
export type EmailStatus = (typeof STATUSES)[number]

/** Statuses in which nothing is left to do. */
export const SETTLED_STATUSES: readonly EmailStatus[] = ['completed', 'resolved', 'archived']

/** Statuses in which somebody has still to do something: all the others. */
export const OPEN_STATUSES: readonly EmailStatus[] = STATUSES.filter(
  (status) => !SETTLED_STATUSES.includes(status),
)

/** From most to least urgent. */
export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const
/** One of {@link PRIORITIES}. */
export type EmailPriority = (typeof PRIORITIES)[number]

/** What the sender said of it (RFC 2156 `Importance`). Our own view is the priority. */
export const IMPORTANCES = ['low', 'normal', 'high'] as const
/** One of {@link IMPORTANCES}. */
export type EmailImportance = (typeof IMPORTANCES)[number]

/** A person or list on a message. */
export interface EmailAddress {
  /** In lower case, without white space around it. */
  readonly address: string
  readonly name?: string
}

/** What is known of an attachment. Its bytes are not kept. */
export interface EmailAttachment {
  /** As the sender named it; null where it has no name. */
  readonly name: string | null
  /** Media type in lower case, such as `application/pdf`. */
  readonly contentType: string
  /** Decoded. */
  readonly sizeBytes: number
  /** What an HTML body refers to it by (`cid:`), without angle brackets. */
  readonly contentId: string | null
  /** Whether it is part of the HTML body, such as a picture within it. */
  readonly isInline: boolean
}

/** Something that was recognised in a message, such as an order number. */
export interface EmailEntity {
  /** What it is: a word of the recogniser's, such as `order`. */
  readonly type: string
  readonly value: string
  /** From 0 to 1; null where the recogniser says nothing of it. */
  readonly confidence: number | null
}

/** One message with its state. Every field is there; what is unknown is null. */
export interface Email {
  readonly id: string
  /** The message's id at the mail provider. Unique where given. */
  readonly graphId: string | null
  /** The Message-ID of RFC 5322, without angle brackets. Unique where given. */
  readonly messageId: string | null
  readonly threadId: string | null
  readonly conversationId: string | null
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  readonly subject: string
  readonly bodyText: string | null
  readonly bodyHtml: string | null
  readonly bodyPreview: string
  /** In lower case, without white space around it. */
  readonly senderEmail: string
  readonly senderName: string | null
  readonly recipients: readonly EmailAddress[]
  readonly cc: readonly EmailAddress[]
  readonly bcc: readonly EmailAddress[]
  readonly receivedAt: number
  readonly sentAt: number | null
  readonly importance: EmailImportance
  readonly categories: readonly string[]
  /** Whether anything is attached that is not part of the HTML body. */
  readonly hasAttachments: boolean
  readonly attachments: readonly EmailAttachment[]
  /** What processing recognised; empty until it was stored. */
  readonly entities: readonly EmailEntity[]
  readonly isRead: boolean
  readonly isFlagged: boolean
  readonly status: EmailStatus
  readonly priority: EmailPriority
  /** Who works on it; null when nobody does. */
  readonly assignedTo: string | null
  readonly assignedAt: number | null
  readonly dueDate: number | null
  readonly workflowState: string | null
  readonly workflowType: string | null
  readonly workflowChainId: string | null
  readonly isWorkflowComplete: boolean
  /** From 0 to 1. */
  readonly analysisConfidence: number | null
  readonly processedAt: number | null
  readonly processingVersion: string | null
  readonly createdAt: number
  readonly updatedAt: number
  /** 1 when created, and one more with each change. */
  readonly version: number
}

/** A message without its bodies: what lists show, and all that filters but `search` look at. */
export type EmailImage = Omit<Email, 'bodyText' | 'bodyHtml'>

/** An address as a caller may give it: bare, or with a name. */
export type AddressInput = string | EmailAddress

/** A message to store. What is left out takes the default named here, else null, empty or false. */
export interface NewEmail {
  /** @default a random UUID */
  readonly id?: string | undefined
  readonly graphId?: string | null | undefined
  readonly messageId?: string | null | undefined
  readonly subject: string
  readonly bodyText?: string | null | undefined
  readonly bodyHtml?: string | null | undefined
  /** @default the first 255 characters of `bodyText`, white space collapsed */
  readonly bodyPreview?: string | undefined
  readonly senderEmail: string
  readonly senderName?: string | null | undefined
  readonly recipients?: readonly AddressInput[] | undefined
  readonly cc?: readonly AddressInput[] | undefined
  readonly bcc?: readonly AddressInput[] | undefined
  readonly receivedAt: Instant
  readonly sentAt?: Instant | null | undefined
  /** @default 'normal' */
  readonly importance?: EmailImportance | undefined
  readonly categories?: readonly string[] | undefined
  /** @default whether `attachments` has one that is not inline */
  readonly hasAttachments?: boolean | undefined
  readonly attachments?: readonly EmailAttachment[] | undefined
  readonly isRead?: boolean | undefined
  readonly isFlagged?: boolean | undefined
  readonly threadId?: string | null | undefined
  readonly conversationId?: string | null | undefined
  readonly inReplyTo?: string | null | undefined
  readonly references?: readonly string[] | undefined
  /** @default 'new' */
  readonly status?: EmailStatus | undefined
  /** @default 'medium' */
  readonly priority?: EmailPriority | undefined
  readonly assignedTo?: string | null | undefined
}

/**
 * What may change after a message is stored. What is left out stays as it is. What a sender wrote
 * (subject, bodies, people, dates, attachments) never changes.
 */
export interface EmailChanges {
  readonly importance?: EmailImportance | undefined
  readonly status?: EmailStatus | undefined
  readonly priority?: EmailPriority | undefined
  /** Null unassigns. */
  readonly assignedTo?: string | null | undefined
  /** @default the time of the change when `assignedTo` becomes somebody else, null with nobody */
  readonly assignedAt?: Instant | null | undefined
  readonly dueDate?: Instant | null | undefined
  readonly workflowState?: string | null | undefined
  readonly workflowType?: string | null | undefined
  readonly workflowChainId?: string | null | undefined
  readonly isWorkflowComplete?: boolean | undefined
  /** From 0 to 1. */
  readonly analysisConfidence?: number | null | undefined
  readonly processedAt?: Instant | null | undefined
  readonly processingVersion?: string | null | undefined
  readonly isRead?: boolean | undefined
  readonly isFlagged?: boolean | undefined
  readonly categories?: readonly string[] | undefined
}
