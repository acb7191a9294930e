/**
 * Raw DEFLATE (RFC 1951) of long texts, and its inverse with a size limit. Synchronous if the host has zlib, as
 * Node, Bun and Workers with Node's modules do; otherwise it uses the host's compression streams. On a host without
 * either, texts stay uncompressed, and texts that were compressed elsewhere cannot be read.
 *
 * The length of a compressed text reveals something about its content. Leave compression off if a value contains
 * both secrets and text that a stranger can choose.
 *
 * @module
 */

import { CorruptEntryError, isNearcacheError } from '../errors.ts'
import { hostModule } from '../platform/host-module.ts'
import {
  type Bytes,
  decodeUtf8,
  encodeUtf8,
  fromBase64,
  isLongerThan,
  toBase64,
  utf8Stream,
} from './bytes.ts'

/** Options for {@link deflate}. */
export interface DeflateOptions {
  /** Texts of at most this many UTF-8 bytes are left alone. @default 1_024 */
  readonly thresholdBytes?: number
}

/** The part of `node:zlib` that is used. */
interface Zlib {
  deflateRawSync(bytes: Uint8Array, options: { readonly level: number }): Uint8Array
  inflateRawSync(bytes: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array
}

/** The result must be at most this part of the original; otherwise it is not worth inflating later. */
const WORTHWHILE = 0.9
/** DEFLATE expands by at most 1032 (zlib's technical notes). */
const MAX_EXPANSION = 1_032
/** Minimal input of one step of a stream. Such a step exceeds the limit by at most 1 MiB. */
const MIN_STEP_BYTES = 1_024
/** Level 4 of zlib takes half the time of its default; the sizes differ by at most a hundredth. */
const LEVEL = { level: 4 } as const

/**
 * The deflated text as base64; `undefined` if that does not save a tenth of the bytes, or the host cannot deflate.
 *
 * @param text Well-formed.
 */
export function deflate(
  text: string,
  { thresholdBytes = 1_024 }: DeflateOptions = {},
): string | undefined | Promise<string | undefined> {
  if (!isLongerThan(text, thresholdBytes)) return undefined
  const bytes = encodeUtf8(text)
  const zlib = hostZlib()
  if (zlib) return worthwhile(zlib.deflateRawSync(bytes, LEVEL), bytes.length)
  const deflating = ofHost(() => new CompressionStream('deflate-raw'))
  if (!deflating) return undefined
  const stream = new Blob([bytes]).stream().pipeThrough(deflating)
  return new Response(stream)
    .arrayBuffer()
    .then((deflated) => worthwhile(new Uint8Array(deflated), bytes.length))
}

function worthwhile(deflated: Uint8Array, length: number): string | undefined {
  // Base64 has four characters for three bytes, so its length is known before it is built.
  const isShorter = Math.ceil(deflated.length / 3) * 4 <= length * WORTHWHILE
  return isShorter ? toBase64(deflated) : undefined
}

/**
 * The text that {@link deflate} was given.
 *
 * @param maxBytes Limit on the result in UTF-8 bytes; inflating stops shortly after it is exceeded.
 * @throws {CorruptEntryError} When `base64` is malformed, or inflates beyond the bound, or the host cannot
 * inflate: thrown, or the promise rejects with it.
 */
export function inflate(base64: string, maxBytes: number): string | Promise<string> {
  const bytes = fromBase64(base64)
  if (bytes === undefined) throw malformed()
  return inflateBytes(bytes, maxBytes)
}

/**
 * As {@link inflate}, for DEFLATE data that has no base64 around it.
 *
 * @throws {CorruptEntryError} When the data is malformed, or inflates beyond the bound, or the host
 * cannot inflate.
 */
export function inflateBytes(bytes: Bytes, maxBytes: number): string | Promise<string> {
  const zlib = hostZlib()
  if (!zlib) return inflateStream(bytes, maxBytes)
  try {
    return decodeUtf8(zlib.inflateRawSync(bytes, { maxOutputLength: maxBytes }))
  } catch (error) {
    throw isBoundError(error) ? beyond(maxBytes) : malformed()
  }
}

async function inflateStream(bytes: Bytes, maxBytes: number): Promise<string> {
  let start = 0
  let produced = 0
  const source = {
    pull(controller: ReadableStreamDefaultController<Bytes>) {
      // As much input as cannot exceed the limit even at the highest ratio. Ordinary values take one step.
      const safe = Math.floor((maxBytes - produced) / MAX_EXPANSION)
      const end = start + Math.max(MIN_STEP_BYTES, safe)
      controller.enqueue(bytes.subarray(start, end))
      start = end
      if (start >= bytes.length) controller.close()
    },
  }
  const inflating = ofHost(() => new DecompressionStream('deflate-raw'))
  if (!inflating) throw new CorruptEntryError('this host cannot inflate it')
  const compressed = new ReadableStream(source, { highWaterMark: 0 })
  const reader = compressed.pipeThrough(inflating).getReader()
  const decoder = utf8Stream()
  let text = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      produced += part.value.length
      if (produced > maxBytes) throw beyond(maxBytes)
      text += decoder.decode(part.value, { stream: true })
    }
    return text + decoder.decode()
  } catch (error) {
    // Cancelling a stream that has failed rejects, which does not matter here.
    reader.cancel().catch(() => undefined)
    throw isNearcacheError(error) ? error : malformed()
  }
}

/** The stream that `make` creates; `undefined` if the host has no such class, as Vercel's Edge runtime. */
function ofHost<Stream>(make: () => Stream): Stream | undefined {
  try {
    return make()
  } catch {
    return undefined // ReferenceError; or TypeError, if the stream supports only other formats
  }
}

function hostZlib(): Zlib | undefined {
  return hostModule('node:zlib') as Zlib | undefined
}

function isBoundError(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
}

function beyond(maxBytes: number): CorruptEntryError {
  return new CorruptEntryError(`it inflates beyond ${maxBytes} bytes`)
}

function malformed(): CorruptEntryError {
  return new CorruptEntryError('the compressed text is malformed')
}
