/**
 * Takes mail in as it arrives: what can be read is stored, and all else is kept as rejected.
 *
 * @module
 */

import { readAtMost } from '../../entry/bounded-bytes.ts'
import { DuplicateEmailError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Email, NewEmail } from '../email.ts'
import type { EmailRepository } from '../email-repository.ts'
import type { RejectedMessages } from '../rejected-messages.ts'
import { parseMessage } from './parse-message.ts'

/** A message on its way in, with its envelope. A Worker's `email()` handler is given one. */
export interface IncomingMessage {
  /** The sender of the envelope; empty for a bounce. */
  readonly from: string
  /** The recipient of the envelope. */
  readonly to: string
  readonly raw: ReadableStream<Uint8Array>
}

/** What became of a message. */
export type IngestOutcome =
  | { readonly kind: 'stored'; readonly email: Email }
  /** The very same message is there from an earlier delivery; it has this recipient noted now. */
  | { readonly kind: 'duplicate' }
  /** Kept among the rejected messages. `reason` repeats nothing of the message. */
  | { readonly kind: 'rejected'; readonly reason: string }

/** Options for {@link ingestMessage}. */
export interface IngestOptions {
  /** Stores what can be read, and so refreshes the lists it belongs to. */
  readonly emails: Pick<EmailRepository, 'createEmail' | 'noteRecipient'>
  /** Keeps what cannot. */
  readonly rejected: RejectedMessages
  /** The largest message, in bytes. @default 26_214_400, the most that Email Routing takes */
  readonly maxBytes?: number
  /** Gives `receivedAt`. @default webPlatform() */
  readonly platform?: Platform
}

/** 25 MiB (developers.cloudflare.com/email-routing/limits). */
const MAX_BYTES = 26_214_400

/**
 * Stores one message.
 *
 * @throws Whatever the database or the stream raised, unchanged; the mail is then neither stored nor
 *   rejected, and who delivers it should be told to try again.
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
    return { kind: 'stored', email: await emails.createEmail(email) }
  } catch (error) {
    if (!(error instanceof DuplicateEmailError)) throw error
    // The id stands for what the message says: the same id is the same message.
    if (error.field === 'id') {
      await noteReceiver(emails, email, receiver)
      return { kind: 'duplicate' }
    }
    // Another message has taken this one's Message-ID. It must not keep this one out.
    return store(emails, { ...email, messageId: null }, receiver)
  }
}

/** Notes whom the message was handed over to now, where it does not name them itself. */
async function noteReceiver(
  emails: IngestOptions['emails'],
  { id, bcc = [] }: NewEmail,
  receiver: string,
): Promise<void> {
  const address = receiver.trim()
  const isBlindCopy = bcc.some((entry) => typeof entry !== 'string' && entry.address === address)
  if (id !== undefined && isBlindCopy) await emails.noteRecipient(id, address)
}
