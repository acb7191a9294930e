/**
 * Reads an mbox file of any size as messages that can be stored, one at a time.
 *
 * @module
 */

import type { NewEmail } from '../../src/email/email.ts'
import { parseMessage } from '../../src/email/mime/parse-message.ts'
import { type Frame, looksLikeMbox, MboxFramer } from './mbox-framing.ts'

/** Something in the file cannot be read. The message says where and why, and does not quote the content. */
export class MboxError extends Error {
  override readonly name = 'MboxError'
  readonly code = 'ERR_MBOX'
  /** Counted from 1; 0 for the file as a whole. */
  readonly messageNumber: number
  readonly reason: string

  constructor(messageNumber: number, reason: string) {
    super(
      messageNumber === 0
        ? `Not an mbox file: ${reason}`
        : `Message ${messageNumber} of the mbox cannot be read: ${reason}`,
    )
    this.messageNumber = messageNumber
    this.reason = reason
  }
}

/** Options for {@link readMbox}. */
export interface MboxOptions {
  /**
   * What to do with a message that cannot be read: skip it and call `onBadMessage`, or stop and throw.
   * @default 'skip'
   */
  readonly badMessages?: 'skip' | 'throw'
  /** Called for each skipped message. */
  readonly onBadMessage?: (error: MboxError) => void
  /** Called after each chunk with the bytes read so far. */
  readonly onProgress?: (bytes: number) => void
  /** The longest line, in bytes. @default 1 MiB */
  readonly maxLineBytes?: number
  /** The largest message, in bytes. @default 32 MiB */
  readonly maxMessageBytes?: number
}

const MIB = 1_048_576
const START_BYTES = 5

/**
 * Reads the messages of an mbox in the order of the file.
 *
 * @param source The bytes of the file, such as `createReadStream(path)`.
 * @throws {MboxError} With message number 0 when the file does not begin with `From `; with
 *   another when a message cannot be read and `badMessages` is `'throw'`.
 * @throws Whatever the source raised, unchanged.
 */
export async function* readMbox(
  source: AsyncIterable<Uint8Array>,
  options: MboxOptions = {},
): AsyncGenerator<NewEmail, void, undefined> {
  const { badMessages = 'skip', onBadMessage } = options
  let number = 0
  for await (const frame of readFrames(source, options)) {
    number += 1
    const result = await readFrame(frame)
    if (result.kind === 'email') {
      yield result.email
      continue
    }
    const error = new MboxError(number, result.reason)
    if (badMessages === 'throw') throw error
    onBadMessage?.(error)
  }
}

async function* readFrames(
  source: AsyncIterable<Uint8Array>,
  { onProgress, maxLineBytes = MIB, maxMessageBytes = 32 * MIB }: MboxOptions,
): AsyncGenerator<Frame> {
  const framer = new MboxFramer({ maxLineBytes, maxMessageBytes })
  let start: Buffer | undefined = Buffer.alloc(0)
  let bytes = 0
  for await (const piece of source) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    bytes += chunk.length
    // The first bytes are held back until there are enough to recognize the format.
    const ready: Buffer = start === undefined ? chunk : Buffer.concat([start, chunk])
    if (start !== undefined && ready.length < START_BYTES) {
      start = ready
      continue
    }
    if (start !== undefined) refuseOther(ready)
    start = undefined
    yield* framer.push(ready)
    onProgress?.(bytes)
  }
  if (start !== undefined) refuseOther(start)
  yield* framer.end()
}

function refuseOther(start: Buffer): void {
  if (start.length === 0) throw new MboxError(0, 'it is empty')
  if (!looksLikeMbox(start)) throw new MboxError(0, 'it does not begin with "From "')
}

type FrameResult =
  | { readonly kind: 'email'; readonly email: NewEmail }
  | { readonly kind: 'bad'; readonly reason: string }

async function readFrame(frame: Frame): Promise<FrameResult> {
  if (frame.kind === 'oversize') return { kind: 'bad', reason: frame.reason }
  const parsed = await parseMessage(frame.raw, { fallbackDate: dateOf(frame.separator) })
  return typeof parsed === 'string'
    ? { kind: 'bad', reason: parsed }
    : { kind: 'email', email: parsed }
}

/** The date of a `From ` line, after the address. */
function dateOf(separator: string): string {
  return separator.replace(/^From \S+\s+/, '')
}
