/**
 * Accepts incoming mail: stores messages that can be parsed, and keeps all others as rejected messages.
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import { readAtMost } from '../../entry/bounded-bytes.ts'
import { DuplicateEmailError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Email, NewEmail } from '../email.ts'
import type { EmailRepository } from '../email-repository.ts'
import type { RejectedMessages } from '../rejected-messages.ts'
import { parseMessage } from './parse-message.ts'

/** An incoming message with its envelope, as a Worker's `email()` handler gets it. */
export interface IncomingMessage {
  /** The sender of the envelope; empty for a bounce. */
  readonly from: string
  /** The recipient of the envelope. */
  readonly to: string
  readonly raw: ReadableStream<Uint8Array>
}

/** What was done with a message. */
export type IngestOutcome =
  | { readonly kind: 'stored'; readonly email: Email }
  /**
   * The same message was stored by an earlier delivery, and the envelope's recipient was added to it; or it was
   * stored by this one, while Redis was down.
   */
  | { readonly kind: 'duplicate' }
  /** Stored as a rejected message. `reason` contains no text of the message. */
  | { readonly kind: 'rejected'; readonly reason: string }

/** Options for {@link ingestMessage}. */
export interface IngestOptions {
  /** Stores the messages that can be parsed. With a cached repository, its lists are updated. */
  readonly emails: Pick<EmailRepository, 'createEmail' | 'noteRecipient'>
  /** Stores the messages that cannot be parsed. */
  readonly rejected: RejectedMessages
  /** Size of the largest accepted message, in bytes. @default 26_214_400, the limit of Email Routing */
  readonly maxBytes?: number
  /** Its clock sets `receivedAt`. @default webPlatform() */
  readonly platform?: Platform
}

/** 25 MiB (developers.cloudflare.com/email-routing/limits). */
const MAX_BYTES = 26_214_400

/**
 * Stores one message, or rejects it.
 *
 * @throws Whatever the database or the stream raised, unchanged. The message is then neither stored nor
 *   rejected, and the caller should ask the delivering server to try again.
 */
export async function ingestMessage(
  message: IncomingMessage,
  { emails, rejected, maxBytes = MAX_BYTES, platform = webPlatform() }: IngestOptions,
): Promise<IngestOutcome> {
  const { bytes, isWhole } = await readAtMost(message.raw, maxBytes)
  const receivedAt = Math.floor(platform.now())
  const parsed = isWhole
    ? await parseMessage(bytes, { receivedAt, envelope: message })
    : `it is larger than ${maxBytes} bytes`
  if (typeof parsed !== 'string') return store(emails, parsed, message.to)
  const { from, to } = message
  await rejected.add({ reason: parsed, envelopeFrom: from, envelopeTo: to, raw: bytes, receivedAt })
  return { kind: 'rejected', reason: parsed }
}

async function store(
  emails: IngestOptions['emails'],
  email: NewEmail,
  receiver: string,
): Promise<IngestOutcome> {
  try {
    return { kind: 'stored', email: await certain(() => emails.createEmail(email)) }
  } catch (error) {
    if (!(error instanceof DuplicateEmailError)) throw error
    // The id is a hash of the content, so this message is already stored.
    if (error.field === 'id') {
      await noteReceiver(emails, email, receiver)
      return { kind: 'duplicate' }
    }
    // Another message has the same Message-ID. That must not prevent storing this one.
    return store(emails, { ...email, messageId: null }, receiver)
  }
}

/** Adds the envelope's recipient to the stored message, if its header does not name that address. */
async function noteReceiver(
  emails: IngestOptions['emails'],
  { id, bcc = [] }: NewEmail,
  receiver: string,
): Promise<void> {
  const address = receiver.trim()
  const isBlindCopy = bcc.some((entry) => typeof entry !== 'string' && entry.address === address)
  if (id !== undefined && isBlindCopy) await certain(() => emails.noteRecipient(id, address))
}

/**
 * A cached repository also rejects if the write was made but Redis is down. The delivery must not fail then, or the
 * message would be delivered again, or returned to its sender. A second write shows whether the first was made.
 */
async function certain<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!isRemoteFailure(error)) throw error
    return write()
  }
}
