/**
 * Raw DEFLATE (RFC 1951) of long texts, and its inverse under a bound.
 *
 * Compression tells an observer of lengths something about the content: leave it off where secrets
 * and text of a stranger's choice share one value.
 *
 * @module
 */

import { deflateSync, Inflate } from 'fflate'
import { CorruptEntryError, isNearcacheError } from '../errors.ts'
import { encodeUtf8, fromBase64, isLongerThan, toBase64, utf8Stream } from './bytes.ts'

/** Options for {@link deflate}. */
export interface DeflateOptions {
  /** Texts of at most this many UTF-8 bytes are left alone. @default 1_024 */
  readonly thresholdBytes?: number
}

/** The result must be at most this part of the original to be worth inflating later. */
const WORTHWHILE = 0.9
/** DEFLATE expands by at most 1032 (zlib's technical notes). */
const MAX_EXPANSION = 1_032
/** Least input a step is given: one step overshoots the bound by 1 MiB at most. */
const MIN_STEP_BYTES = 1_024
/** fflate's level 4 takes half the time of its default, for texts within a hundredth in size. */
const LEVEL = { level: 4 } as const

/**
 * The text deflated, as base64; `undefined` when that would not save a tenth of its bytes.
 *
 * @param text Well-formed.
 */
export function deflate(
  text: string,
  { thresholdBytes = 1_024 }: DeflateOptions = {},
): string | undefined {
  if (!isLongerThan(text, thresholdBytes)) return undefined
  const bytes = encodeUtf8(text)
  const deflated = deflateSync(bytes, LEVEL)
  // Base64 makes four characters of three bytes: no need to build it to know.
  if (Math.ceil(deflated.length / 3) * 4 > bytes.length * WORTHWHILE) return undefined
  return toBase64(deflated)
}

/**
 * The text that {@link deflate} was given.
 *
 * @param maxBytes Bound on the UTF-8 of the result; work stops shortly after it is passed.
 * @throws {CorruptEntryError} When `base64` is malformed, or inflates beyond the bound.
 */
export function inflate(base64: string, maxBytes: number): string {
  const bytes = fromBase64(base64)
  if (bytes === undefined) throw new CorruptEntryError('the compressed text is malformed')
  return inflateBytes(bytes, maxBytes)
}

/**
 * As {@link inflate}, for DEFLATE data that has no base64 around it.
 *
 * @throws {CorruptEntryError} When the data is malformed, or inflates beyond the bound.
 */
export function inflateBytes(bytes: Uint8Array, maxBytes: number): string {
  try {
    if (bytes.length === 0) throw new RangeError('no data')
    return run(bytes, maxBytes)
  } catch (error) {
    if (isNearcacheError(error)) throw error
    // RangeError, fflate's errors, and TypeError for bytes that are not UTF-8.
    throw new CorruptEntryError('the compressed text is malformed')
  }
}

function run(bytes: Uint8Array, maxBytes: number): string {
  const decoder = utf8Stream()
  let text = ''
  let produced = 0
  const stream = new Inflate((chunk) => {
    produced += chunk.length
    if (produced > maxBytes) throw new CorruptEntryError(`it inflates beyond ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  })
  let start = 0
  do {
    // As much as cannot pass the bound even at the highest ratio: ordinary values take one step.
    const safe = Math.floor((maxBytes - produced) / MAX_EXPANSION)
    const end = Math.min(bytes.length, start + Math.max(MIN_STEP_BYTES, safe))
    stream.push(bytes.subarray(start, end), end === bytes.length)
    start = end
  } while (start < bytes.length)
  return text + decoder.decode()
}
