/**
 * Raw DEFLATE (RFC 1951) of long texts, and its inverse under a bound: at once where the host has zlib,
 * as Node, Bun and Workers with Node's modules do, and by its streams where it has not. Where it has
 * neither, texts stay as they are, and what was deflated elsewhere cannot be read.
 *
 * Compression tells an observer of lengths something about the content: leave it off where secrets
 * and text of a stranger's choice share one value.
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

/** What is used of `node:zlib`. */
interface Zlib {
  deflateRawSync(bytes: Uint8Array, options: { readonly level: number }): Uint8Array
  inflateRawSync(bytes: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array
}

/** The result must be at most this part of the original to be worth inflating later. */
const WORTHWHILE = 0.9
/** DEFLATE expands by at most 1032 (zlib's technical notes). */
const MAX_EXPANSION = 1_032
/** Least input a step of a stream is given: one step overshoots the bound by 1 MiB at most. */
const MIN_STEP_BYTES = 1_024
/** zlib's level 4 takes half the time of its default, for texts within a hundredth in size. */
const LEVEL = { level: 4 } as const

/**
 * The text deflated, as base64; `undefined` when that would not save a tenth of its bytes, or the host
 * cannot do it.
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
  // Base64 makes four characters of three bytes: no need to build it to know.
  const isShorter = Math.ceil(deflated.length / 3) * 4 <= length * WORTHWHILE
  return isShorter ? toBase64(deflated) : undefined
}

/**
 * The text that {@link deflate} was given.
 *
 * @param maxBytes Bound on the UTF-8 of the result; work stops shortly after it is passed.
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
      // As much as cannot pass the bound even at the highest ratio: ordinary values take one step.
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
    // A stream that has failed cannot be cancelled, and says so.
    reader.cancel().catch(() => undefined)
    throw isNearcacheError(error) ? error : malformed()
  }
}

/** What `make` makes, or `undefined` where the host has no such thing: Vercel's Edge runtime has neither stream. */
function ofHost<Stream>(make: () => Stream): Stream | undefined {
  try {
    return make()
  } catch {
    return undefined // a ReferenceError; or a TypeError: the stream knows other formats only
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
