/**
 * The load, in its own process: opens sockets that join a channel, and sends rounds of events to all of them.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { DIALECTS, type Dialect, type Visit } from './dialect.ts'

/** An order to the load process. */
export type LoadOrder =
  | {
      readonly kind: 'join'
      readonly origin: string
      readonly dialect: string
      readonly extensions: boolean
      readonly count: number
      /** Joins under way at once, at most. */
      readonly concurrency: number
      readonly channel: string
      readonly isPresence: boolean
    }
  | { readonly kind: 'rounds'; readonly count: number; readonly channel: string }
  | { readonly kind: 'close' }

/** The result of an order. */
export interface LoadReport {
  readonly joined: number
  readonly failed: number
  /** Frames received during the order. */
  readonly frames: number
  readonly delivered: number
  readonly expected: number
  /** How long each round took until the last socket had received the event, in milliseconds. */
  readonly roundsMs: readonly number[]
}

interface Client {
  readonly socket: WebSocket
  readonly joined: Promise<boolean>
}

const JOIN_TIMEOUT_MS = 60_000
const ROUND_TIMEOUT_MS = 60_000
const NOTHING: LoadReport = {
  joined: 0,
  failed: 0,
  frames: 0,
  delivered: 0,
  expected: 0,
  roundsMs: [],
}

let clients: Client[] = []
let dialect: Dialect | undefined
let frames = 0
let events = 0

function open(speak: Dialect, url: string, visit: Visit): Client {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const joined = Promise.withResolvers<boolean>()
  socket.on('message', (bytes) => {
    frames++
    const meaning = speak.read(String(bytes))
    if (meaning.kind === 'event') events++
    else if (meaning.kind === 'reply') socket.send(meaning.text)
    else if (meaning.kind === 'opened') socket.send(speak.join(meaning.socketId, visit))
    else if (meaning.kind === 'joined') joined.resolve(true)
  })
  socket.on('error', () => joined.resolve(false))
  socket.on('close', () => joined.resolve(false))
  return { socket, joined: joined.promise }
}

async function join(order: LoadOrder & { kind: 'join' }): Promise<LoadReport> {
  const speak = DIALECTS[order.dialect]
  if (speak === undefined) throw new Error('there is no such dialect')
  dialect = speak
  const [before, from] = [frames, clients.length]
  let next = 0
  let failed = 0
  const work = async (): Promise<void> => {
    while (next < order.count) {
      const userId = `user-${from + next++}`
      const visit = { channel: order.channel, ...(order.isPresence && { userId }) }
      const client = open(speak, `${order.origin}${speak.path(order.extensions)}`, visit)
      clients.push(client)
      const timer = setTimeout(() => client.socket.terminate(), JOIN_TIMEOUT_MS)
      if (!(await client.joined)) failed++
      clearTimeout(timer)
    }
  }
  await Promise.all(Array.from({ length: order.concurrency }, work))
  await quiet()
  return { ...NOTHING, joined: order.count - failed, failed, frames: frames - before }
}

/** Waits until no frame has come for 500 ms: batches of members arrive later than the answer to a join. */
async function quiet(): Promise<void> {
  for (let before = -1; before !== frames; ) {
    before = frames
    await delay(500)
  }
}

async function rounds(order: LoadOrder & { kind: 'rounds' }): Promise<LoadReport> {
  const [before, others] = [frames, clients.length - 1]
  const roundsMs: number[] = []
  let delivered = 0
  for (let round = 0; round < order.count; round++) {
    // Another sender in each round, so that none comes near its limit of client events.
    const { socket } = clients[(round * 97) % clients.length] as Client
    const startedAt = performance.now()
    events = 0
    socket.send(dialect?.event(order.channel) ?? '')
    while (events < others && performance.now() - startedAt < ROUND_TIMEOUT_MS) await delay(2)
    roundsMs.push(performance.now() - startedAt)
    delivered += events
  }
  return {
    ...NOTHING,
    frames: frames - before,
    delivered,
    expected: others * order.count,
    roundsMs,
  }
}

async function close(): Promise<LoadReport> {
  for (const { socket } of clients) socket.terminate()
  clients = []
  return NOTHING
}

async function obey(order: LoadOrder): Promise<LoadReport> {
  if (order.kind === 'join') return join(order)
  return order.kind === 'rounds' ? rounds(order) : close()
}

process.on('message', async (order: LoadOrder) => {
  process.send?.(await obey(order))
})
process.once('disconnect', () => process.exit())
