/**
 * Scenarios of clients that violate the protocol: foreign frames, refused addresses, a flood.
 *
 * @module
 */

import fc from 'fast-check'
import { WebSocket } from 'ws'
import { readClientFrame } from '../../src/websocket/protocol/client-frame.ts'
import { DEFAULT_LIMITS } from '../../src/websocket/protocol/limits.ts'
import {
  foreignBody,
  foreignFrame,
  foreignPath,
} from '../../test/property/websocket/foreign-frames.ts'
import { amount } from '../../test/support/deep.ts'
import { until } from './ledger.ts'
import { dataOf, KEY, listen, type World } from './world.ts'

/** Maximum number of frames per connection. */
const FRAMES_EACH = 250
/** Fixed, so that every ordinary run sends the same frames. */
const SEED = 20_260

/** A raw connection, which can send any frame. */
class Raw {
  readonly frames: string[] = []
  closed: number | undefined
  readonly #socket: WebSocket

  constructor({ host, port }: World, path: string) {
    this.#socket = new WebSocket(`ws://${host}:${port}${path}`)
    this.#socket.on('message', (data) => this.frames.push(String(data)))
    this.#socket.on('close', (code) => {
      this.closed = code
    })
    // A close event follows.
    this.#socket.on('error', () => undefined)
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  get isEstablished(): boolean {
    return this.frames.some((frame) => frame.includes('connection_established'))
  }

  send(frame: string | Uint8Array): void {
    this.#socket.send(frame)
  }

  end(): void {
    this.#socket.terminate()
  }
}

const PATH = `/app/${KEY}?protocol=7&client=js&version=8.6.0`

/** Thousands of arbitrary frames, which must not affect another client. */
export async function foreignFrames(world: World): Promise<void> {
  const { ledger, client, sdk } = world
  const channel = client({ user_id: 'witness' }).subscribe('presence-witness')
  const told = listen(channel)
  await until(() => channel.subscribed)
  const total = amount(1_000, 10_000)
  const frames = fc.sample(foreignFrame, { numRuns: total, seed: SEED })
  const ends = { stayed: 0, refusedSignIn: 0, other: 0 }
  let answers = 0
  for (const [start, end] of runsOf(frames)) {
    const raw = new Raw(world, PATH)
    await until(() => raw.isEstablished)
    for (const frame of frames.slice(start, end)) raw.send(frame)
    raw.send(new Uint8Array([1, 2, 3]))
    raw.send('{"event":"pusher:ping","data":{}}')
    // The answer to the last frame comes after those to all others.
    await until(() => raw.closed !== undefined || raw.frames.some(isBinaryRefusal))
    answers += raw.frames.length - 1
    if (raw.closed === undefined) ends.stayed += 1
    else if (raw.closed === 4009 && isSignIn(frames[end - 1])) ends.refusedSignIn += 1
    else ends.other += 1
    raw.end()
  }
  const { stayed, refusedSignIn, other } = ends
  ledger.check(
    `${total} foreign frames close no connection, but for sign-ins that are refused (${stayed} stayed, ${refusedSignIn} closed with 4009)`,
    other === 0 && stayed > 0,
  )
  ledger.check(`most of them are answered (${answers})`, answers > total / 2)
  await sdk.trigger('presence-witness', 'still', {})
  await ledger.becomes(
    'another client notices nothing of them',
    () => dataOf(told, 'still').length === 1,
  )

  for (const [path, code] of [
    [`/app/${KEY}`, 4008],
    [`/app/${KEY}?protocol=9`, 4007],
    [`/app/${KEY}?protocol=x`, 4006],
    ['/app/none?protocol=7', 4001],
  ] as const) {
    const raw = new Raw(world, path)
    await ledger.becomes(
      `a connection to the wrong address is closed with ${code}`,
      () => raw.closed === code,
    )
  }
}

/** Arbitrary requests to the HTTP API, each with a valid signature. */
export async function foreignRequests({ ledger, host, port, sdk }: World): Promise<void> {
  const total = amount(300, 10_000)
  const method = fc.constantFrom('GET', 'POST', 'POST', 'PUT')
  const requests = fc.sample(fc.tuple(method, foreignPath, foreignBody), {
    numRuns: total,
    seed: SEED,
  })
  const statuses: Record<string, number> = {}
  const send = async ([method, path, text]: [string, string, string]): Promise<void> => {
    const url = new URL(`http://${host}:${port}/apps/1${path}`)
    const body = method === 'GET' ? '' : text.toWellFormed()
    url.search = sdk.createSignedQueryString({ method, path: url.pathname, body })
    const { status } = await fetch(url, { method, ...(body !== '' && { body }) })
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  for (let start = 0; start < total; start += 20) {
    await Promise.all(requests.slice(start, start + 20).map(send))
  }
  const told = Object.entries(statuses).map(([status, count]) => `${count} ${status}`)
  const expected = ['200', '400', '401', '404', '413']
  ledger.check(
    `${total} foreign requests are answered (${told.join(', ')})`,
    Object.keys(statuses).every((status) => expected.includes(status)),
  )
  ledger.check(
    'none fails by its signature, and some are right',
    !statuses[401] && Boolean(statuses[200]),
  )
}

/** One client sends as fast as it can: it is limited, and other clients are not delayed. */
export async function flood(world: World): Promise<void> {
  const { ledger, client, sdk } = world
  const channel = client({ user_id: 'witness' }).subscribe('private-flooded')
  const told = listen(channel)
  await until(() => channel.subscribed)
  const flooder = client({ user_id: 'flooder' })
  const flooded = flooder.subscribe('private-flooded')
  await until(() => flooded.subscribed)
  for (let n = 0; n < 2_000; n++) flooded.trigger('client-flood', { n })
  await sdk.trigger('private-flooded', 'through', {})
  await ledger.becomes(
    'an event of the server comes through a flood',
    () => dataOf(told, 'through').length === 1,
  )
  await ledger.staysFor(
    1_000,
    'of 2,000 client events at once under 100 pass',
    () => dataOf(told, 'client-flood').length < 100,
  )
  ledger.check('some of them do', dataOf(told, 'client-flood').length >= 10)
  ledger.check('the one who floods is not disconnected', flooder.connection.state === 'connected')
}

/** Ranges of frames for one connection each: a refused sign-in ends it, so it is the last of its range. */
function runsOf(frames: readonly string[]): readonly (readonly [number, number])[] {
  const runs: [number, number][] = []
  for (let start = 0, end = 1; start < frames.length; end++) {
    const isLast = end >= frames.length || end - start >= FRAMES_EACH
    if (!isLast && !isSignIn(frames[end - 1])) continue
    runs.push([start, end])
    start = end
  }
  return runs
}

function isSignIn(frame: string | undefined): boolean {
  return frame !== undefined && readClientFrame(frame, DEFAULT_LIMITS).kind === 'signIn'
}

function isBinaryRefusal(frame: string): boolean {
  return frame.includes('Binary frames')
}
