/**
 * Makes a response from an answer, stored or still being generated, in the shape that the client asked for.
 *
 * @module
 */

import { unlessAborted } from '../../flight/deadline.ts'
import type { Obtained } from '../answers.ts'
import type { Reader } from '../reader.ts'
import { type Dialect, failureIn, type Reading, type Shape } from './dialect.ts'
import type { ProxyPolicy } from './options.ts'
import { describeFailure } from './problem.ts'
import type { Head } from './upstream.ts'

/** The request that a response is made for. */
export interface Exchange {
  readonly policy: Pick<ProxyPolicy, 'platform'>
  readonly dialect: Dialect
  readonly reading: Reading
  /** Identifies the answer in the header `x-nearcache-key`. */
  readonly id: string
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

const ENCODER = new TextEncoder()
const ID_LENGTH = 24
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/**
 * Makes the response.
 *
 * @throws The error of the model, if it failed before its answer began.
 */
export async function respond(exchange: Exchange, obtained: Obtained<string>): Promise<Response> {
  const { dialect, id } = exchange
  switch (obtained.kind) {
    case 'absent':
      return new Response(dialect.problem('There is no stored answer', 'not_cached'), {
        status: 504,
        headers: { 'content-type': dialect.contentType.whole, 'x-nearcache': 'miss' },
      })
    case 'stored': {
      const { answer, tier, ageMs, similarity } = obtained
      const headers = new Headers({
        'x-nearcache': tier === 'exact' ? 'hit' : tier,
        'x-nearcache-age': String(Math.floor(ageMs / 1_000)),
        'x-nearcache-key': id,
      })
      if (similarity !== undefined) headers.set('x-nearcache-similarity', similarity.toFixed(4))
      const { shape, parts } = answer
      return replay(exchange, headers, parts, shape === 'stream' ? 'stream' : 'whole')
    }
    case 'live':
      return respondLive(exchange, obtained)
  }
}

async function respondLive(
  exchange: Exchange,
  { reader, via }: Obtained<string> & { readonly kind: 'live' },
): Promise<Response> {
  const { id, reading, signal } = exchange
  const isOwn = via !== 'joined'
  try {
    const head = (await unlessAborted(reader.opened(), signal)) as Head
    const { shape, headers: sent } = head
    const headers = new Headers(isOwn ? sent : {})
    headers.set('x-nearcache', isOwn ? via : 'coalesced')
    headers.set('x-nearcache-key', id)
    if (reading.isStreamed && shape === 'stream') {
      return stream(exchange, headers, reader, { isOwn, head })
    }
    const parts = await collect(reader, signal)
    return isGiven(exchange, parts, head)
      ? replay(exchange, headers, parts, shape, isOwn)
      : brokenOff(exchange, headers, parts)
  } catch (error) {
    await reader.return()
    throw error
  }
}

/** Whether the answer can be given in the other shape. In its own shape, the client sees if it is incomplete. */
function isGiven({ dialect, reading }: Exchange, parts: readonly string[], head: Head): boolean {
  const { shape } = head
  if (shape === (reading.isStreamed ? 'stream' : 'whole')) return true
  const ending = dialect.ending(shape)
  for (const part of parts) ending.take(part)
  return head.isEnded() ? !ending.hasFailed() : ending.isTold()
}

/** Responds with an error: in the other shape, a part of an answer would look like a whole one. */
function brokenOff({ dialect }: Exchange, headers: Headers, parts: readonly string[]): Response {
  headers.set('content-type', dialect.contentType.whole)
  const body = failureIn(parts) ?? dialect.problem(BROKEN_OFF, 'upstream_error')
  return new Response(body, { status: 502, headers })
}

const BROKEN_OFF = 'The model sent no whole answer'

/** @param isOwn Whether the model generated the answer for this client, which then gets its ids unchanged. */
function replay(
  exchange: Exchange,
  headers: Headers,
  parts: readonly string[],
  shape: Shape,
  isOwn = false,
): Response {
  const { dialect, reading } = exchange
  const renew = isOwn ? same : renewal(exchange)
  if (!reading.isStreamed) {
    const whole = shape === 'whole' ? (parts[0] ?? '') : dialect.toWhole(parts)
    headers.set('content-type', dialect.contentType.whole)
    return new Response(renew(whole), { headers })
  }
  const streamed = shape === 'stream' ? parts : dialect.toStream(parts[0] ?? '')
  const body = streamed.flatMap((part) => dialect.tailor(renew(part), reading) ?? [])
  headers.set('content-type', dialect.contentType.stream)
  return new Response(body.map((part) => dialect.frame(part)).join('') + dialect.end, { headers })
}

/** Streams an answer as it arrives. A failure on the way is sent in the form of the protocol. */
function stream(
  exchange: Exchange,
  headers: Headers,
  reader: Reader<string>,
  { isOwn, head }: { readonly isOwn: boolean; readonly head: Head },
): Response {
  const { dialect, reading } = exchange
  const renew = isOwn ? same : renewal(exchange)
  const framesOf = (parts: readonly string[]): string =>
    parts
      .flatMap((part) => dialect.tailor(renew(part), reading) ?? [])
      .map((part) => dialect.frame(part))
      .join('')
  const ending = dialect.ending('stream')
  const next = async (): Promise<string | undefined> => {
    for (;;) {
      const step = await reader.next()
      if (step.done) return undefined
      // Parts that have arrived in the meantime are sent together with it.
      const parts = [step.value, ...reader.ready()]
      for (const part of parts) ending.take(part)
      const frames = framesOf(parts)
      if (frames !== '') return frames
    }
  }
  /** The end of the protocol would make a cut-off answer look whole. A failure was already passed on. */
  const end = (): string => {
    if (head.isEnded() || ending.isTold()) return dialect.end
    return ending.hasFailed() ? '' : dialect.frame(dialect.problem(BROKEN_OFF, 'upstream_error'))
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const frame = await next()
        controller.enqueue(ENCODER.encode(frame ?? end()))
        if (frame === undefined) controller.close()
      } catch (error) {
        const { message, type } = describeFailure(error)
        controller.enqueue(ENCODER.encode(dialect.frame(dialect.problem(message, type))))
        controller.close()
      }
    },
    async cancel() {
      await reader.return()
    },
  })
  headers.set('content-type', dialect.contentType.stream)
  return new Response(body, { headers })
}

async function collect(reader: Reader<string>, signal: AbortSignal): Promise<string[]> {
  const parts: string[] = []
  try {
    for (;;) {
      const step = await unlessAborted(reader.next(), signal)
      if (step.done) return parts
      parts.push(step.value)
    }
  } finally {
    await reader.return()
  }
}

function same(part: string): string {
  return part
}

/** Returns a function that gives parts new ids for this client. A part that is not JSON stays as it is. */
function renewal({ policy: { platform }, dialect }: Exchange): (part: string) => string {
  const newId = (): string =>
    Array.from({ length: ID_LENGTH }, () => LETTERS[Math.floor(platform.random() * 62)]).join('')
  const renew = dialect.renew(newId, platform.now())
  return (part) => {
    try {
      return renew(part)
    } catch {
      // SyntaxError: the client gets what the model has sent, and sees the fault itself.
      return part
    }
  }
}
