/**
 * Reads one message of RFC 5322 into the shape the mailbox stores.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import PostalMime, { type Address, type Email as MimeEmail } from 'postal-mime'
import type { EmailAddress, NewEmail } from '../../src/email/email.ts'
import {
  MAX_BODY_LENGTH,
  MAX_PREVIEW_LENGTH,
  MAX_SUBJECT_LENGTH,
  parseNewEmail,
} from '../../src/email/email-input.ts'
import { MAX_LIST_LENGTH, MAX_NAME_LENGTH } from '../../src/email/fields.ts'
import { InvalidFilterError } from '../../src/errors.ts'

/** A field name and its colon (RFC 5322, section 2.2); some writers put white space between. */
const HEADER_LINE = /^[!-9;-~]+[ \t]*:/

/** Bodies share the room of a row, so each is cut to a part of it; a tail of a long mail is lost. */
const MAX_IMPORTED_BODY = Math.min(MAX_BODY_LENGTH, 250_000)

/**
 * Parses a message. It is new unless the mail program noted otherwise (`Status: R`, or labels of a
 * Gmail export), and gets the same id each time it is parsed, so an import can be repeated.
 *
 * @param raw The message as it is in the file.
 * @param separator The `From ` line before it; its date is the last resort for `receivedAt`.
 * @returns The message, or in words why it is none.
 */
export async function parseMessage(raw: Uint8Array, separator: string): Promise<NewEmail | string> {
  const firstLine = Buffer.from(raw.subarray(0, 1_000)).toString('latin1').split('\n', 1)[0] ?? ''
  if (!HEADER_LINE.test(firstLine)) return 'it does not begin with a header field'
  const mime = await parseMime(raw)
  if (mime === undefined) return 'its MIME structure is too deep or its header too large'
  const sender = firstMailbox([mime.from, mime.sender])
  if (sender === undefined) return 'it has no sender address'
  const sentAt = parseDate(mime.date)
  const receivedAt = receivedDate(mime) ?? sentAt ?? parseDate(separatorDate(separator))
  if (receivedAt === undefined) return 'it has no date that can be read'
  return checked({
    id: `mbox-${createHash('sha256').update(raw).digest('hex').slice(0, 32)}`,
    ...readThread(mime),
    subject: (mime.subject ?? '').slice(0, MAX_SUBJECT_LENGTH),
    ...readBody(mime),
    senderEmail: sender.address,
    senderName: sender.name ?? null,
    recipients: mailboxes(mime.to),
    cc: mailboxes(mime.cc),
    bcc: mailboxes(mime.bcc),
    receivedAt,
    sentAt: sentAt ?? null,
    hasAttachments: mime.attachments.some((attachment) => !attachment.related),
    ...readFlags(mime),
  })
}

/** What the mailbox would refuse is refused here, where it costs one message and not the import. */
function checked(email: NewEmail): NewEmail | string {
  try {
    parseNewEmail(email, { id: 'unused', now: 0 })
    return email
  } catch (error) {
    if (!(error instanceof InvalidFilterError)) throw error
    // `email` is the whole: no single field is out of range, but together they are too much.
    return error.field === 'email'
      ? 'its text is more than can be stored'
      : `its ${error.field} cannot be stored`
  }
}

async function parseMime(raw: Uint8Array): Promise<MimeEmail | undefined> {
  try {
    return await PostalMime.parse(raw)
  } catch {
    // postal-mime refuses nesting and headers beyond its bounds, and reads anything else.
    return undefined
  }
}

function header(mime: MimeEmail, key: string): string | undefined {
  return mime.headers.find((candidate) => candidate.key === key)?.value
}

/** The root of a thread is the oldest message that `References`, or else `In-Reply-To`, names. */
function readThread(mime: MimeEmail) {
  const messageId = messageIds(mime.messageId)[0]
  const inReplyTo = messageIds(mime.inReplyTo)[0]
  const references = messageIds(mime.references).slice(0, MAX_LIST_LENGTH)
  return {
    messageId: messageId ?? null,
    inReplyTo: inReplyTo ?? null,
    references,
    threadId: references[0] ?? inReplyTo ?? messageId ?? null,
  }
}

/** Message-IDs without their angle brackets. What is in none, or too long to be one, is left out. */
function messageIds(text: string | undefined): string[] {
  const ids = [...(text ?? '').matchAll(/<([^<>\s]+)>/g)].map(([, id]) => id ?? '')
  return ids.filter(isName)
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && text.isWellFormed() && !/\p{Cc}/u.test(text)
}

function readBody(mime: MimeEmail) {
  const text = mime.text?.slice(0, MAX_IMPORTED_BODY)
  const html = mime.html?.slice(0, MAX_IMPORTED_BODY)
  const preview = (text ?? plainText(html ?? '')).slice(0, 4_000).replaceAll(/\s+/g, ' ').trim()
  return {
    bodyText: text ?? null,
    bodyHtml: html ?? null,
    bodyPreview: preview.slice(0, MAX_PREVIEW_LENGTH),
  }
}

/** For a preview, which is shown as text and never as HTML, so what is left over does no harm. */
function plainText(html: string): string {
  return html
    .slice(0, 40_000)
    .replaceAll(/<(style|script)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
}

function readFlags(mime: MimeEmail) {
  const labels = (header(mime, 'x-gmail-labels') ?? '')
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '' && isName(label))
  const importance = (header(mime, 'importance') ?? '').trim().toLowerCase()
  const isRead =
    labels.length > 0 ? !labels.includes('Unread') : (header(mime, 'status') ?? '').includes('R')
  return {
    categories: labels.slice(0, MAX_LIST_LENGTH),
    isRead,
    isFlagged: labels.includes('Starred') || (header(mime, 'x-status') ?? '').includes('F'),
    importance: importance === 'high' || importance === 'low' ? importance : 'normal',
  } as const
}

function mailboxes(addresses: readonly (Address | undefined)[] | undefined): EmailAddress[] {
  return (addresses ?? [])
    .flatMap((address) => (address?.group ? address.group : address ? [address] : []))
    .filter(({ address }) => address !== '' && isName(address))
    .slice(0, MAX_LIST_LENGTH)
    .map(({ address, name }) =>
      name === '' ? { address } : { address, name: name.slice(0, MAX_NAME_LENGTH) },
    )
}

function firstMailbox(addresses: readonly (Address | undefined)[]): EmailAddress | undefined {
  return mailboxes(addresses)[0]
}

/** The topmost `Received` field was written last, by the host that delivered the message. */
function receivedDate(mime: MimeEmail): number | undefined {
  return parseDate(header(mime, 'received')?.split(';').at(-1))
}

function separatorDate(separator: string): string {
  return separator.replace(/^From \S+\s+/, '')
}

/** Dates without a zone are read as UTC, so that an import gives the same on every machine. */
function parseDate(text: string | undefined): number | undefined {
  const trimmed = (text ?? '').replaceAll(/\([^)]*\)/g, ' ').trim()
  if (trimmed === '') return undefined
  const hasZone = /(?:[+-]\d{2}:?\d{2}|[zZ]|[A-Z]{1,4}T|UTC)$|[+-]\d{4}\s+\d{4}$/.test(trimmed)
  const instant = Date.parse(hasZone ? trimmed : `${trimmed} UTC`)
  return Number.isNaN(instant) ? undefined : instant
}
