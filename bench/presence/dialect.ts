/**
 * The protocols that the load process can speak: that of Pusher, and that of socket.io.
 *
 * @module
 */

import { createHmac } from 'node:crypto'

/** The app that all servers are configured with. */
export const APP = { id: '1', key: 'bench-key', secret: 'bench-secret-0123456789' } as const

/** The data of every event: 200 bytes as JSON. */
export const MESSAGE = { text: 'x'.repeat(189) }

/** The channel that a socket joins, and its user. */
export interface Visit {
  readonly channel: string
  /** Only for a presence channel. */
  readonly userId?: string
}

/** What the load process makes of a frame. */
export type Meaning =
  | { readonly kind: 'opened'; readonly socketId: string }
  | { readonly kind: 'joined' | 'event' | 'other' }
  | { readonly kind: 'reply'; readonly text: string }

/** How to speak one protocol. */
export interface Dialect {
  path(extensions: boolean): string
  read(text: string): Meaning
  join(socketId: string, visit: Visit): string
  /** An event to all others in the channel. */
  event(channel: string): string
}

const OTHER: Meaning = { kind: 'other' }

const pusher: Dialect = {
  path: (extensions) =>
    `/app/${APP.key}?protocol=7&client=bench&version=1.0.0${extensions ? '&nearcache=1' : ''}`,
  read(text) {
    // The most frequent frame first: the event that is counted.
    if (text.startsWith('{"event":"client-round"')) return { kind: 'event' }
    if (text.includes('"pusher_internal:subscription_succeeded"')) return { kind: 'joined' }
    if (text.includes('"pusher:ping"'))
      return { kind: 'reply', text: '{"event":"pusher:pong","data":{}}' }
    const id = /"pusher:connection_established".*?socket_id[\\":]+([\d.]+)/.exec(text)?.[1]
    return id === undefined ? OTHER : { kind: 'opened', socketId: id }
  },
  join(socketId, { channel, userId }) {
    const user_info = { name: `Somebody ${userId}` }
    const channel_data =
      userId === undefined ? undefined : JSON.stringify({ user_id: userId, user_info })
    const signed = [socketId, channel, channel_data].filter((part) => part !== undefined).join(':')
    const auth = `${APP.key}:${createHmac('sha256', APP.secret).update(signed).digest('hex')}`
    return JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth, channel_data } })
  },
  event: (channel) => JSON.stringify({ event: 'client-round', channel, data: MESSAGE }),
}

/** Frames of Socket.IO 5 in Engine.IO 4, over a WebSocket without polling. */
const socketIo: Dialect = {
  path: () => '/socket.io/?EIO=4&transport=websocket',
  read(text) {
    if (text.startsWith('42["round"')) return { kind: 'event' }
    if (text.startsWith('42["joined"')) return { kind: 'joined' }
    if (text === '2') return { kind: 'reply', text: '3' }
    if (text.startsWith('0{')) return { kind: 'reply', text: '40' }
    return text.startsWith('40') ? { kind: 'opened', socketId: 'any' } : OTHER
  },
  join: (_socketId, visit) => `42${JSON.stringify(['join', visit])}`,
  event: (channel) => `42${JSON.stringify(['round', channel, MESSAGE])}`,
}

/** All protocols, by the name in an order to the load process. */
export const DIALECTS: Readonly<Record<string, Dialect>> = { pusher, socketIo }
