/**
 * Checks messages and changes given by callers, and fills in defaults.
 *
 * @module
 */

import type { Fields } from '../entry/json-object.ts'
import { InvalidFilterError } from '../errors.ts'
import {
  type Email,
  type EmailAttachment,
  type EmailChanges,
  type EmailEntity,
  IMPORTANCES,
  type NewEmail,
  PRIORITIES,
  STATUSES,
} from './email.ts'
import {
  MAX_NAME_LENGTH,
  orNull,
  readAddress,
  readAddresses,
  readBoolean,
  readChoice,
  readFields,
  readFraction,
  readInstant,
  readInteger,
  readList,
  readName,
  readText,
} from './fields.ts'

/** The longest subject, in characters. */
export const MAX_SUBJECT_LENGTH = 10_000
/** The longest body of either kind, in characters. */
export const MAX_BODY_LENGTH = 1_000_000
/** The longest preview, in characters; a longer one is refused, a derived one is cut to this length. */
export const MAX_PREVIEW_LENGTH = 255

/** All text of a message, in UTF-8 bytes. A row in D1 has at most 2 MB; the rest is for the other columns. */
const MAX_MESSAGE_BYTES = 1_800_000

const NEW_EMAIL_FIELDS = [
  'id',
  'graphId',
  'messageId',
  'subject',
  'bodyText',
  'bodyHtml',
  'bodyPreview',
  'senderEmail',
  'senderName',
  'recipients',
  'cc',
  'bcc',
  'receivedAt',
  'sentAt',
  'importance',
  'categories',
  'hasAttachments',
  'attachments',
  'isRead',
  'isFlagged',
  'threadId',
  'conversationId',
  'inReplyTo',
  'references',
  'status',
  'priority',
  'assignedTo',
] as const satisfies readonly (keyof NewEmail)[]

/** Values that the repository provides for a new message. */
export interface NewEmailDefaults {
  /** Used if the message has no id. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Checks a message and fills in defaults.
 *
 * @throws {InvalidFilterError} Naming the first field that is unknown, missing or out of range.
 */
export function parseNewEmail(input: NewEmail, { id, now }: NewEmailDefaults): Email {
  const fields = readFields(input, 'email', NEW_EMAIL_FIELDS)
  const bodyText = orNull(fields['bodyText'], 'bodyText', readBody)
  const assignedTo = orNull(fields['assignedTo'], 'assignedTo', readName)
  const email: Email = {
    id: readName(fields['id'] ?? id, 'id'),
    ...readIdentity(fields),
    subject: readText(fields['subject'], 'subject', MAX_SUBJECT_LENGTH),
    bodyText,
    bodyHtml: orNull(fields['bodyHtml'], 'bodyHtml', readBody),
    bodyPreview:
      fields['bodyPreview'] === undefined
        ? previewOf(bodyText ?? '')
        : readText(fields['bodyPreview'], 'bodyPreview', MAX_PREVIEW_LENGTH),
    ...readPeople(fields),
    receivedAt: readInstant(fields['receivedAt'], 'receivedAt'),
    sentAt: orNull(fields['sentAt'], 'sentAt', readInstant),
    ...readLabels(fields),
    status: readChoice(fields['status'] ?? 'new', 'status', STATUSES),
    priority: readChoice(fields['priority'] ?? 'medium', 'priority', PRIORITIES),
    assignedTo,
    assignedAt: assignedTo === null ? null : now,
    ...UNPROCESSED,
    createdAt: now,
    updatedAt: now,
    version: 1,
  }
  refuseOversize(email)
  return email
}

/** The fields that only processing sets. */
const UNPROCESSED = {
  entities: [],
  dueDate: null,
  workflowState: null,
  workflowType: null,
  workflowChainId: null,
  isWorkflowComplete: false,
  analysisConfidence: null,
  processedAt: null,
  processingVersion: null,
} as const satisfies Partial<Email>

/** Changes in stored form, with only the fields that the caller gave. */
export type ParsedChanges = {
  -readonly [F in keyof EmailChanges]?: F extends keyof Email ? Email[F] : never
}

const nullable =
  <T>(read: (value: unknown, field: string) => T) =>
  (value: unknown, field: string): T | null =>
    orNull(value, field, read)

const CHANGE_READERS: {
  readonly [F in keyof Required<EmailChanges>]: (value: unknown, field: string) => Email[F]
} = {
  importance: (value, field) => readChoice(value, field, IMPORTANCES),
  status: (value, field) => readChoice(value, field, STATUSES),
  priority: (value, field) => readChoice(value, field, PRIORITIES),
  assignedTo: nullable(readName),
  assignedAt: nullable(readInstant),
  dueDate: nullable(readInstant),
  workflowState: nullable(readName),
  workflowType: nullable(readName),
  workflowChainId: nullable(readName),
  isWorkflowComplete: readBoolean,
  analysisConfidence: nullable(readFraction),
  processedAt: nullable(readInstant),
  processingVersion: nullable(readName),
  isRead: readBoolean,
  isFlagged: readBoolean,
  categories: (value, field) => readList(value, field, readName),
}

/**
 * Checks changes. `undefined` leaves a field as it is; null empties it.
 *
 * @throws {InvalidFilterError} Naming the first field that is unknown or out of range.
 */
export function parseChanges(input: EmailChanges): ParsedChanges {
  const fields = readFields(input, 'changes', Object.keys(CHANGE_READERS))
  const parsed = Object.entries(CHANGE_READERS)
    .filter(([field]) => fields[field] !== undefined)
    .map(([field, read]) => [field, read(fields[field], field)])
  return Object.fromEntries(parsed) as ParsedChanges
}

/** The fields that `createOrUpdate` takes over when the message is already stored. */
const SYNCHRONISED = [
  'importance',
  'isRead',
  'isFlagged',
  'categories',
  'status',
  'priority',
  'assignedTo',
] as const satisfies readonly (keyof NewEmail & keyof EmailChanges)[]

/** The changes to make when a message that is already stored is delivered again. */
export function parseSynchronised(email: NewEmail): ParsedChanges {
  const given = SYNCHRONISED.filter((field) => email[field] !== undefined)
  return parseChanges(Object.fromEntries(given.map((field) => [field, email[field]])))
}

function readIdentity(fields: Fields) {
  return {
    graphId: orNull(fields['graphId'], 'graphId', readName),
    messageId: orNull(fields['messageId'], 'messageId', readName),
    threadId: orNull(fields['threadId'], 'threadId', readName),
    conversationId: orNull(fields['conversationId'], 'conversationId', readName),
    inReplyTo: orNull(fields['inReplyTo'], 'inReplyTo', readName),
    references: readList(fields['references'] ?? [], 'references', readName),
  }
}

function readPeople(fields: Fields) {
  return {
    senderEmail: readAddress(fields['senderEmail'], 'senderEmail'),
    senderName: orNull(fields['senderName'], 'senderName', (value, field) =>
      readText(value, field, 998),
    ),
    recipients: readAddresses(fields['recipients'] ?? [], 'recipients'),
    cc: readAddresses(fields['cc'] ?? [], 'cc'),
    bcc: readAddresses(fields['bcc'] ?? [], 'bcc'),
  }
}

/** Checks recognised entities. @throws {InvalidFilterError} Naming the first invalid field. */
export function parseEntities(value: unknown): readonly EmailEntity[] {
  return readList(value, 'entities', (entry, at) => {
    const fields = readFields(entry, at, ['type', 'value', 'confidence'])
    return {
      type: readName(fields['type'], `${at}.type`),
      value: readText(fields['value'], `${at}.value`, MAX_NAME_LENGTH),
      confidence: orNull(fields['confidence'], `${at}.confidence`, readFraction),
    }
  })
}

function readAttachment(entry: unknown, at: string): EmailAttachment {
  const known = ['name', 'contentType', 'sizeBytes', 'contentId', 'isInline']
  const fields = readFields(entry, at, known)
  return {
    name: orNull(fields['name'], `${at}.name`, (value, field) =>
      readText(value, field, MAX_NAME_LENGTH),
    ),
    contentType: readName(fields['contentType'], `${at}.contentType`).toLowerCase(),
    sizeBytes: readInteger(fields['sizeBytes'], `${at}.sizeBytes`, 0, Number.MAX_SAFE_INTEGER),
    contentId: orNull(fields['contentId'], `${at}.contentId`, readName),
    isInline: readBoolean(fields['isInline'] ?? false, `${at}.isInline`),
  }
}

function readLabels(fields: Fields) {
  const attachments = readList(fields['attachments'] ?? [], 'attachments', readAttachment)
  const hasAttachments = attachments.some(({ isInline }) => !isInline)
  return {
    importance: readChoice(fields['importance'] ?? 'normal', 'importance', IMPORTANCES),
    categories: readList(fields['categories'] ?? [], 'categories', readName),
    hasAttachments: readBoolean(fields['hasAttachments'] ?? hasAttachments, 'hasAttachments'),
    attachments,
    isRead: readBoolean(fields['isRead'] ?? false, 'isRead'),
    isFlagged: readBoolean(fields['isFlagged'] ?? false, 'isFlagged'),
  }
}

function readBody(value: unknown, field: string): string {
  return readText(value, field, MAX_BODY_LENGTH)
}

/** Reads only the start of the body: a body may have a megabyte, and a few kilobytes fill the preview. */
function previewOf(body: string): string {
  const start = body
    .slice(0, MAX_PREVIEW_LENGTH * 16)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return start.slice(0, MAX_PREVIEW_LENGTH).toWellFormed()
}

function refuseOversize(email: Email): void {
  const { recipients, cc, bcc, references, categories, attachments } = email
  const lists = [recipients, cc, bcc, references, categories, attachments]
  const texts = [email.subject, email.bodyText ?? '', email.bodyHtml ?? '', JSON.stringify(lists)]
  // A UTF-16 unit takes at most 3 bytes in UTF-8, so most messages need not be encoded to check their size.
  const units = texts.reduce((sum, text) => sum + text.length, 0)
  if (units * 3 <= MAX_MESSAGE_BYTES) return
  const encoder = new TextEncoder()
  const bytes = texts.reduce((sum, text) => sum + encoder.encode(text).length, 0)
  if (bytes > MAX_MESSAGE_BYTES) {
    throw new InvalidFilterError('email', `at most ${MAX_MESSAGE_BYTES} bytes of text`)
  }
}
