/**
 * Writes answers in the format that the request's headers select: JSON, JSON with strings in base64,
 * or RESP2.
 *
 * @module
 */

import { concatBytes } from '../entry/bytes.ts'
import { type Reply, toJson } from './json.ts'
import { Problem } from './problem.ts'
import type { Strings } from './strings.ts'

/** An answer to one command. The error is always text, even if the backend's strings are bytes. */
export interface Answer {
  readonly result?: Reply
  readonly error?: string
}

/** Whether these are answers to several commands. */
export function isList(answer: Answer | readonly Answer[]): answer is readonly Answer[] {
  return Array.isArray(answer)
}

/** A way to write answers. */
export interface Format {
  readonly contentType: string
  /** Whether one error can replace a list of answers: only in JSON can the client tell the two apart. */
  readonly isJson: boolean
  write(answer: Answer | readonly Answer[], strings: Strings): string | Uint8Array<ArrayBuffer>
}

/** @throws {Problem} 400, if the headers ask for an unknown format or an impossible combination. */
export function formatOf(encoding: string | undefined, format: string | undefined): Format {
  const isEncoded = encoding?.toLowerCase() === 'base64'
  switch (format?.toLowerCase()) {
    case undefined:
    case '':
    case 'json':
      return isEncoded ? BASE64 : PLAIN
    case 'resp2':
      if (isEncoded) throw new Problem(400, 'ERR resp2 cannot be combined with base64')
      return RESP2
    default:
      throw new Problem(400, 'ERR the response format is neither json nor resp2')
  }
}

function jsonFormat(writeResult: (result: Reply, strings: Strings) => unknown): Format {
  const writeOne = ({ result, error }: Answer, strings: Strings): unknown =>
    error === undefined ? { result: writeResult(result ?? null, strings) } : { error }
  return {
    contentType: 'application/json',
    isJson: true,
    write: (answer, strings) =>
      JSON.stringify(
        isList(answer) ? answer.map((one) => writeOne(one, strings)) : writeOne(answer, strings),
      ),
  }
}

const PLAIN = jsonFormat((result, strings) => toJson(result, strings.toText))

const BASE64 = jsonFormat((result, strings) =>
  // Clients do not decode a result of `OK`, but decode `OK` inside lists.
  result === 'OK' ? result : toJson(result, strings.toBase64),
)

/** A result `OK` outside a list is written as a status reply, since a reply does not say whether it was one. */
const RESP2: Format = {
  contentType: 'application/octet-stream',
  isJson: false,
  write(answer, strings) {
    const parts: Uint8Array[] = []
    const put = (text: string): unknown => parts.push(new TextEncoder().encode(text))
    if (isList(answer)) put(`*${answer.length}\r\n`)
    for (const { result = null, error } of isList(answer) ? answer : [answer]) {
      if (error !== undefined) put(`-${error.replace(/[\r\n]+/g, ' ')}\r\n`)
      else if (result === 'OK') put('+OK\r\n')
      else putReply(result, strings, put, parts)
    }
    return concatBytes(parts)
  },
}

function putReply(
  reply: Reply,
  strings: Strings,
  put: (text: string) => unknown,
  parts: Uint8Array[],
): void {
  if (reply === null) put('$-1\r\n')
  else if (typeof reply === 'number' || typeof reply === 'bigint') put(`:${reply}\r\n`)
  else if (typeof reply === 'string') {
    const bytes = strings.toBytes(reply)
    put(`$${bytes.length}\r\n`)
    parts.push(bytes)
    put('\r\n')
  } else {
    put(`*${reply.length}\r\n`)
    for (const item of reply) putReply(item, strings, put, parts)
  }
}
