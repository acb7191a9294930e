/**
 * Parses one RFC 5322 message into the form that the mailbox stores.
 *
 * @module
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import PostalMime, { type Address, decodeWords, type Email as MimeEmail } from 'postal-mime'
import { sha256 } from '../../entry/sha256.ts'
import { InvalidFilterError } from '../../errors.ts'
import type { EmailAddress, EmailAttachment, NewEmail } from '../email.ts'
import {
  MAX_BODY_LENGTH,
  MAX_PREVIEW_LENGTH,
  MAX_SUBJECT_LENGTH,
  parseNewEmail,
} from '../email-input.ts'
import { MAX_LIST_LENGTH, MAX_NAME_LENGTH } from '../fields.ts'
import { plainText } from '../search.ts'
import { parseMailDate } from './mail-date.ts'

/** A field name and its colon (RFC 5322, section 2.2); some programs write white space between them. */
const HEADER_LINE = /^[!-9;-~]+[ \t]*:/

const MIME_TYPE = /^[^\s/]+\/[^\s/]+$/

/** Both bodies must fit into one row, so each is cut; the end of a long body is lost. */
const MAX_IMPORTED_BODY = Math.min(MAX_BODY_LENGTH, 250_000)

/**
 * The parser keeps an object of hundreds of bytes for each line, so a message of two megabytes with only short
 * lines could use all memory of an isolate. Encoded content has lines of at least 60 bytes.
 */
const MAX_SHORT_LINES = 100_000
const SHORT_LINE = 40
const LINE_FEED = 0x0a

/** Sender and recipient with which a message was delivered; its header may name others. */
export interface Envelope {
  readonly from: string
  readonly to: string
}

/** Facts about a message that are not in its bytes. */
export interface ParseMessageOptions {
  /** Time of receipt, in epoch milliseconds. @default the date of its topmost `Received` field, or else `Date` */
  readonly receivedAt?: number
  /** Date for a message that has none, in the format of mail headers. @default none */
  readonly fallbackDate?: string
  /**
   * Give it for a message that was delivered from outside: its header fields for read, flagged and labels were
   * then written by the sender, and are ignored. @default none: the message was exported from a mailbox
   */
  readonly envelope?: Envelope
}

/**
 * Parses a message. It is unread, unless its header says that it was read (`Status: R`, or labels of a Gmail
 * export). Its id is the same each time it is parsed; with a Message-ID also if it is delivered twice.
 *
 * Bodies are cut to 250,000 characters each. Of attachments only the description is kept.
 *
 * @returns The message, or a text that says why it cannot be stored and contains no text of the message.
 */
export async function parseMessage(
  bytes: Uint8Array,
  options: ParseMessageOptions = {},
): Promise<NewEmail | string> {
  const raw = withoutMark(bytes)
  if (!HEADER_LINE.test(firstLineOf(raw))) return 'it does not begin with a header field'
  if (hasManyShortLines(raw)) {
    return `it has more than ${MAX_SHORT_LINES} lines of fewer than ${SHORT_LINE} bytes`
  }
  const mime = await parseMime(raw)
  if (mime === undefined) return 'its MIME structure is too deep or its header too large'
  const { envelope } = options
  // A mail system may have no address, as in `From: MAILER-DAEMON`; its name is then used as the address.
  const sender = firstMailbox([mime.from, mime.sender, bare(envelope?.from), bare(mime.from?.name)])
  if (sender === undefined) return 'it has no sender address'
  const sentAt = parseMailDate(mime.date)
  const receivedAt = options.receivedAt ?? receivedDate(mime) ?? sentAt
  const received = receivedAt ?? parseMailDate(options.fallbackDate)
  if (received === undefined) return 'it has no date that can be read'
  const whole = withText(mime, raw)
  const attachments = readAttachments(whole)
  return checked({
    id: idOf(mime, raw),
    ...readThread(mime),
    subject: (mime.subject ?? '').slice(0, MAX_SUBJECT_LENGTH),
    ...readBody(whole),
    senderEmail: sender.address,
    senderName: sender.name ?? null,
    ...readRecipients(mime, envelope),
    receivedAt: received,
    sentAt: sentAt ?? null,
    attachments,
    hasAttachments: attachments.some(({ isInline }) => !isInline),
    ...readImportance(mime),
    ...(envelope === undefined && readFlags(mime)),
  })
}

/** Some programs store messages with the byte order mark of UTF-8. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return isMarked ? bytes.subarray(3) : bytes
}

function firstLineOf(raw: Uint8Array): string {
  const start = Array.from(raw.subarray(0, 1_000), (byte) => String.fromCharCode(byte)).join('')
  return start.split('\n', 1)[0] ?? ''
}

function hasManyShortLines(raw: Uint8Array): boolean {
  let count = 0
  let start = 0
  for (let end = raw.indexOf(LINE_FEED); end >= 0; end = raw.indexOf(LINE_FEED, start)) {
    if (end - start < SHORT_LINE && ++count > MAX_SHORT_LINES) return true
    start = end + 1
  }
  return false
}

/**
 * The id is a hash of what the author wrote, without the fields that each delivery adds. Two messages without a
 * Message-ID may be equal in that, so for them the hash covers all bytes.
 */
function idOf(mime: MimeEmail, raw: Uint8Array): string {
  const { messageId, from, date, subject, text, html } = mime
  const written = JSON.stringify([messageId, from, date, subject, text, html])
  const bytes = messageId === undefined ? raw : new TextEncoder().encode(written)
  return `mail-${bytesToHex(sha256(bytes)).slice(0, 32)}`
}

/** The recipients. If the header does not name the envelope's recipient, it is added to `bcc`. */
function readRecipients(mime: MimeEmail, envelope: Envelope | undefined) {
  const [recipients, cc, bcc] = [mailboxes(mime.to), mailboxes(mime.cc), mailboxes(mime.bcc)]
  const [receiver] = mailboxes([bare(envelope?.to)])
  const named = [...recipients, ...cc, ...bcc].map(({ address }) => address.trim().toLowerCase())
  const isNamed = receiver === undefined || named.includes(receiver.address.trim().toLowerCase())
  return { recipients, cc, bcc: isNamed ? bcc : [...bcc, receiver].slice(-MAX_LIST_LENGTH) }
}

function bare(address: string | undefined): Address | undefined {
  return address === undefined ? undefined : { address: address.trim(), name: '' }
}

/**
 * A part with an invalid media type is plain text (RFC 2045, section 5.2), or HTML if the type begins with
 * `text/html`. The parser takes it for an attachment. A message without the boundary of its parts is plain text too;
 * the parser finds nothing in it.
 */
function withText(mime: MimeEmail, raw: Uint8Array): MimeEmail {
  if ((mime.text ?? mime.html) !== undefined) return mime
  if (mime.attachments.length === 0) return { ...mime, ...textAfterHeader(mime, raw) }
  const part = mime.attachments.find(
    ({ filename, mimeType }) => filename === null && !MIME_TYPE.test(mimeType),
  )
  if (part === undefined) return mime
  const { content, mimeType } = part
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  const attachments = mime.attachments.filter((attachment) => attachment !== part)
  return { ...mime, attachments, [/^text\/html\b/.test(mimeType) ? 'html' : 'text']: text }
}

const BOUNDARY = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i

/** The start of the text after the header, unless it has parts, which are then empty, or only lines that delimit some. */
function textAfterHeader(mime: MimeEmail, raw: Uint8Array): { readonly text?: string } {
  const type = header(mime, 'content-type') ?? ''
  if (!/^multipart\//i.test(type)) return {}
  const start = new TextDecoder().decode(raw.subarray(0, MAX_IMPORTED_BODY * 4))
  const lines = start.replaceAll('\r\n', '\n')
  const end = lines.indexOf('\n\n')
  const text = end < 0 ? '' : lines.slice(end).trimStart()
  const [, quoted, boundary = quoted] = BOUNDARY.exec(type) ?? []
  const hasParts = boundary && `\n${text}`.includes(`\n--${boundary}`)
  return !hasParts && /^(?!--|$)/m.test(text) ? { text } : {}
}

function readAttachments(mime: MimeEmail): EmailAttachment[] {
  return mime.attachments.slice(0, MAX_LIST_LENGTH).map((attachment) => {
    const { filename, mimeType, content, contentId = '', related = false } = attachment
    const id = contentId.trim().replace(/^<(.*)>$/s, '$1')
    return {
      name: filename === null ? null : filename.slice(0, MAX_NAME_LENGTH),
      contentType: isName(mimeType) && mimeType !== '' ? mimeType : 'application/octet-stream',
      sizeBytes: typeof content === 'string' ? content.length : content.byteLength,
      contentId: id !== '' && isName(id) ? id : null,
      isInline: related,
    }
  })
}

/** Refuses what the mailbox would refuse, so that an invalid message does not make a whole import fail. */
function checked(email: NewEmail): NewEmail | string {
  try {
    parseNewEmail(email, { id: 'unused', now: 0 })
    return email
  } catch (error) {
    if (!(error instanceof InvalidFilterError)) throw error
    // The field `email` means the whole message: each field is valid, but together they are too large.
    return error.field === 'email'
      ? 'its text is more than can be stored'
      : `its ${error.field} cannot be stored`
  }
}

async function parseMime(raw: Uint8Array): Promise<MimeEmail | undefined> {
  try {
    return await PostalMime.parse(raw)
  } catch {
    // postal-mime throws only if nesting or headers exceed its limits.
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

/** Message-IDs without their angle brackets. Text outside brackets, and ids that are too long, are left out. */
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

function readImportance(mime: MimeEmail) {
  const importance = (header(mime, 'importance') ?? '').trim().toLowerCase()
  return {
    importance: importance === 'high' || importance === 'low' ? importance : 'normal',
  } as const
}

/** The flags that mail programs write into the header when they export a mailbox. */
function readFlags(mime: MimeEmail) {
  // With letters outside of ASCII, the labels are encoded words (RFC 2047), commas included.
  const labels = decodeWords(header(mime, 'x-gmail-labels') ?? '')
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '' && isName(label))
  const isRead =
    labels.length > 0 ? !labels.includes('Unread') : (header(mime, 'status') ?? '').includes('R')
  return {
    categories: labels.slice(0, MAX_LIST_LENGTH),
    isRead,
    isFlagged: labels.includes('Starred') || (header(mime, 'x-status') ?? '').includes('F'),
  }
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

/** The topmost `Received` field was written last, by the server that delivered the message. */
function receivedDate(mime: MimeEmail): number | undefined {
  return parseMailDate(header(mime, 'received')?.split(';').at(-1))
}
