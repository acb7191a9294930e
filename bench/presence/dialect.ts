/**
 * How a load speaks with each server: the Pusher protocol, or that of socket.io.
 *
 * @module
 */

import { createHmac } from 'node:crypto'

/** The app that all servers know. */
export const APP = { id: '1', key: 'bench-key', secret: 'bench-secret-0123456789' } as const

/** What all send and get in a round: 200 bytes of it. */
export const MESSAGE = { text: 'x'.repeat(189) }

/** Who a socket is in a presence channel, and where it goes. */
export interface Visit {
  readonly channel: string
  /** Of a presence channel. */
  readonly userId?: string
}

/** What a frame is to the load. */
export type Meaning =
  | { readonly kind: 'opened'; readonly socketId: string }
  | { readonly kind: 'joined' | 'event' | 'other' }
  | { readonly kind: 'reply'; readonly text: string }

/** One way to speak. */
export interface Dialect {
  path(extensions: boolean): string
  read(text: string): Meaning
  join(socketId: string, visit: Visit): string
  /** An event for the others in the channel. */
  event(channel: string): string
}

const OTHER: Meaning = { kind: 'other' }

const pusher: Dialect = {
  path: (extensions) =>
    `/app/${APP.key}?protocol=7&client=bench&version=1.0.0${extensions ? '&nearcache=1' : ''}`,
  read(text) {
    // Cheap first: most frames are the event that is counted.
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

/** Engine.IO 4 over a WebSocket alone, with the frames of Socket.IO 5 inside. */
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

/** By the name that a process is given. */
export const DIALECTS: Readonly<Record<string, Dialect>> = { pusher, socketIo }
