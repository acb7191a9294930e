/**
 * Reads the body of an HTTP response: bounded, as text or as server-sent events, from base64.
 *
 * @module
 */

import { bytesOf } from '../entry/bytes.ts'
import type { RestResponse } from './rest-fetch.ts'

/** A line of an event stream that is longer is not one of ours, and ends the stream. */
const MAX_LINE_LENGTH = 1_048_576

/**
 * Reads a body as UTF-8.
 *
 * @returns The text, or undefined when it is longer than `maxBytes`; the rest is then discarded.
 */
export async function readText(
  response: RestResponse,
  maxBytes: number,
): Promise<string | undefined> {
  const { headers } = response
  const length = headers.get('content-length')
  // HTTP ends the body there, so the runtime can read it at once; unless it is the length of a code.
  if (length !== null && headers.get('content-encoding') === null) {
    if (Number(length) <= maxBytes) return response.text()
    await discard(response.body)
    return undefined
  }
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.byteLength
    if (bytes > maxBytes) {
      await discard(reader)
      return undefined
    }
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}

/** Lets go of a body, or of the rest of it, so that its connection can be used again. */
export async function discard(
  body: { cancel(): Promise<unknown> } | null | undefined,
): Promise<void> {
  try {
    await body?.cancel()
  } catch {
    // the connection broke, or the stream was aborted: then there is nothing left to let go of
  }
}

/**
 * Hands each `data` line of an event stream to `onData`, until the stream ends or breaks.
 *
 * Upstash sends one message a line, so lines are not gathered up to the blank one that ends an
 * event in the HTML standard (section 9.2.6).
 */
export async function readEvents(
  response: RestResponse,
  onData: (data: string) => void,
): Promise<void> {
  const reader = response.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + decoder.decode(part.value, { stream: true })).split(/\r?\n/)
      rest = lines.pop() ?? ''
      for (const data of lines.flatMap(dataOf)) onData(data)
      if (rest.length > MAX_LINE_LENGTH) return
    }
  } finally {
    await discard(reader)
  }
}

/** The field's value without the one space that may precede it; no other field says anything. */
function dataOf(line: string): string[] {
  return line.startsWith('data:') ? [line.slice(line[5] === ' ' ? 6 : 5)] : []
}

const BEYOND_ASCII = /[\u0080-\u00ff]/
// The default would swallow a byte order mark at the start of a value.
const VALUE_DECODER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/**
 * Decodes a result that was sent with `Upstash-Encoding: base64`: every string in it, except that a
 * status reply stays a bare `OK`. Inside lists even `OK` is encoded.
 *
 * @throws {DOMException} When a string is not base64.
 */
export function decodeResult(result: unknown): unknown {
  return result === 'OK' ? result : decodeDeep(result)
}

function decodeDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeDeep)
  if (typeof value !== 'string') return value
  const binary = atob(value)
  // Bytes of ASCII are their own text, which saves two copies of most values.
  return BEYOND_ASCII.test(binary) ? VALUE_DECODER.decode(bytesOf(binary)) : binary
}
