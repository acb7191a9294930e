/**
 * Splits a stream of bytes into its messages, wherever the chunks from the network end.
 *
 * @module
 */

import { utf8Stream } from '../../entry/bytes.ts'
import { parseObject } from '../../entry/json-object.ts'

/** In UTF-16 units. No message of a model is longer. */
const MAX_LINE = 16_777_216

/** The lines of a text without line ends; blank lines are left out. */
export async function* splitLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  for await (const line of linesOf(bytes)) if (line.trim() !== '') yield line
}

/**
 * The data of server-sent events (WHATWG HTML, 9.2.6), and comments with their colon. The data of an event
 * `error` gets a member `error`. Other names of events, ids and retry times are dropped.
 */
export async function* splitEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let lines: string[] = []
  for await (const line of linesOf(bytes)) {
    if (line.startsWith(':')) yield line
    else if (line !== '') lines.push(line)
    else {
      yield* eventIn(lines)
      lines = []
    }
  }
  // By the standard, an event without its blank line is dropped; but some servers forget the last one.
  yield* eventIn(lines)
}

function eventIn(lines: readonly string[]): readonly string[] {
  const data = lines.flatMap((line) => {
    const field = DATA.exec(line)
    return field ? [field[1] ?? ''] : []
  })
  if (data.length === 0) return []
  const text = data.join('\n')
  return [lines.some((line) => FAILURE.test(line)) ? failureOf(text) : text]
}

const DATA = /^data(?:: ?(.*))?$/s
const FAILURE = /^event: ?error$/

/** The data of an event `error`, with a member `error`, which all clients look for. */
function failureOf(data: string): string {
  const body = parseObject(data)
  if (body && 'error' in body) return data
  return `{"error":${body ? data : JSON.stringify({ message: data })}}`
}

/** The bytes of a body. A caller that leaves the loop early cancels the body. */
export async function* bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  let isWhole = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    isWhole = true
  } finally {
    if (!isWhole) await reader.cancel().catch(() => undefined)
  }
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = utf8Stream()
  let rest = ''
  let isPending = false
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true })
    rest += text
    if (rest.length > MAX_LINE) throw new SyntaxError('a line of the model is too long')
    // A long line arrives in many chunks, and is not searched again with each.
    if (!isPending && !/[\r\n]/.test(text)) continue
    // A carriage return at the end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    isPending = rest.endsWith('\r')
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest.replace(/\r$/, '')
}
