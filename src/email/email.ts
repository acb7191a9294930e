/**
 * Types of a message: as stored, as created, and as changed.
 *
 * Instants of an {@link Email} are numbers in epoch milliseconds, which every encoding preserves. Input may
 * also have them as a `Date` or an ISO 8601 text.
 *
 * @module
 */

import type { Instant } from './instant.ts'

/**
 * The progress of the work on a message: not looked at (`new`), being worked on (`in_progress`), queued
 * (`pending`), waiting for somebody else (`waiting`), escalated (`escalated`), done (`completed`), settled
 * with the sender (`resolved`), or archived (`archived`).
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

/** Statuses in which work is left to do: all others. */
export const OPEN_STATUSES: readonly EmailStatus[] = STATUSES.filter(
  (status) => !SETTLED_STATUSES.includes(status),
)

/** From most to least urgent. */
export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const
/** One of {@link PRIORITIES}. */
export type EmailPriority = (typeof PRIORITIES)[number]

/** The importance that the sender gave the message (`Importance`, RFC 2156). The mailbox's own is the priority. */
export const IMPORTANCES = ['low', 'normal', 'high'] as const
/** One of {@link IMPORTANCES}. */
export type EmailImportance = (typeof IMPORTANCES)[number]

/** A person or mailing list named in a message. */
export interface EmailAddress {
  /** In lower case, without white space around it. */
  readonly address: string
  readonly name?: string
}

/** A description of an attachment. Its bytes are not stored. */
export interface EmailAttachment {
  /** The name that the sender gave it; null if it has none. */
  readonly name: string | null
  /** Media type in lower case, such as `application/pdf`. */
  readonly contentType: string
  /** Size after decoding. */
  readonly sizeBytes: number
  /** The id by which an HTML body refers to it (`cid:`), without angle brackets. */
  readonly contentId: string | null
  /** Whether it is part of the HTML body, such as an embedded picture. */
  readonly isInline: boolean
}

/** Something that processing recognised in a message, such as an order number. */
export interface EmailEntity {
  /** What it is, in a word that the recogniser chooses, such as `order`. */
  readonly type: string
  readonly value: string
  /** From 0 to 1; null if the recogniser gives none. */
  readonly confidence: number | null
}

/** One message with its state. Every field is present; unknown values are null. */
export interface Email {
  readonly id: string
  /** The message's id at the mail provider. Unique, unless null. */
  readonly graphId: string | null
  /** The Message-ID (RFC 5322), without angle brackets. Unique, unless null. */
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
  /** Whether it has an attachment that is not part of the HTML body. */
  readonly hasAttachments: boolean
  readonly attachments: readonly EmailAttachment[]
  /** What processing recognised; empty until `storeEmailEntities` is called. */
  readonly entities: readonly EmailEntity[]
  readonly isRead: boolean
  readonly isFlagged: boolean
  readonly status: EmailStatus
  readonly priority: EmailPriority
  /** The person who works on it; null if unassigned. */
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
  /** 1 when created, incremented by each change. */
  readonly version: number
}

/** A message without its bodies, as in lists. Filters other than `search` read no more than this. */
export type EmailImage = Omit<Email, 'bodyText' | 'bodyHtml'>

/** An address in input: a text, or an object with a name. */
export type AddressInput = string | EmailAddress

/** A message to store. A field left out gets the default named here, otherwise null, an empty list or false. */
export interface NewEmail {
  /** @default a random UUID */
  readonly id?: string | undefined
  readonly graphId?: string | null | undefined
  readonly messageId?: string | null | undefined
  readonly subject: string
  readonly bodyText?: string | null | undefined
  readonly bodyHtml?: string | null | undefined
  /** @default the first 255 characters of `bodyText`, with white space collapsed */
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
  /** @default whether one of `attachments` is not inline */
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
 * Changes to a stored message. A field left out stays as it is. What the sender wrote (subject, bodies,
 * people, dates, attachments) cannot be changed.
 */
export interface EmailChanges {
  readonly importance?: EmailImportance | undefined
  readonly status?: EmailStatus | undefined
  readonly priority?: EmailPriority | undefined
  /** Null unassigns. */
  readonly assignedTo?: string | null | undefined
  /** @default if `assignedTo` changes, the time of the change, or null if it becomes null */
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
