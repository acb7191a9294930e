/**
 * Reads the body of an HTTP response up to a limit, as text or as server-sent events, and decodes base64.
 *
 * @module
 */

import { bytesOf, isAscii } from '../entry/bytes.ts'
import type { RestResponse } from './rest-fetch.ts'

/** A longer line is not a valid message, and ends the stream. */
const MAX_LINE_LENGTH = 1_048_576

/**
 * Reads a body as UTF-8.
 *
 * @returns The text, or undefined if the body is longer than `maxBytes`; the rest is then discarded.
 */
export async function readText(
  response: RestResponse,
  maxBytes: number,
): Promise<string | undefined> {
  const { headers } = response
  const length = headers.get('content-length')
  // HTTP limits the body to this length, so it can be read at once. A compressed body can grow: see below.
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

/** Cancels a body, or the rest of it, so that its connection can be reused. */
export async function discard(
  body: { cancel(): Promise<unknown> } | null | undefined,
): Promise<void> {
  try {
    await body?.cancel()
  } catch {
    // The connection broke or the stream was aborted: nothing is left to cancel.
  }
}

/**
 * Passes each `data` line of an event stream to `onData`, until the stream ends or breaks.
 *
 * Upstash sends one message a line, so each line is an event. (The HTML standard, section 9.2.6, would
 * join the lines up to the next blank line.)
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

/** The field's value without the one optional space before it. Other fields are ignored. */
function dataOf(line: string): string[] {
  return line.startsWith('data:') ? [line.slice(line[5] === ' ' ? 6 : 5)] : []
}

// By default a decoder removes a byte order mark at the start of a value.
const VALUE_DECODER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

/**
 * Decodes a result that was sent with `Upstash-Encoding: base64`. Every string in it is encoded, except
 * that a status reply is a plain `OK`. Inside lists even `OK` is encoded.
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
  // ASCII needs no decoding, which saves two copies for most values.
  return isAscii(binary) ? binary : VALUE_DECODER.decode(bytesOf(binary))
}
