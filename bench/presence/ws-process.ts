/**
 * A Node server on `ws` that does the same work as the Worker, in one process and with nothing else: it speaks
 * the Pusher protocol, checks signatures, keeps the members of each channel and forwards events.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { APP } from './dialect.ts'

interface Room {
  readonly sockets: Set<WebSocket>
  /** Users of a presence channel, by id. */
  readonly users: Map<string, unknown>
}

interface Subscription {
  readonly channel: string
  readonly auth: string
  readonly channel_data?: string
}

const rooms = new Map<string, Room>()
let connections = 0

const http = createServer()
new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (socket) => {
  const socketId = `${++connections}.1`
  const data = JSON.stringify({ socket_id: socketId, activity_timeout: 120 })
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data }))
  const mine = new Set<Room>()
  socket.on('message', (bytes) => {
    const frame = JSON.parse(String(bytes))
    if (frame.event === 'pusher:subscribe') mine.add(subscribe(socket, socketId, frame.data))
    else if (frame.event.startsWith('client-')) pass(socket, frame)
    else if (frame.event === 'pusher:ping') socket.send('{"event":"pusher:pong","data":{}}')
  })
  socket.on('close', () => {
    for (const room of mine) room.sockets.delete(socket)
  })
})
http.listen(0, '127.0.0.1', () => {
  console.log(`ready at ${(http.address() as AddressInfo).port}`)
})

function subscribe(socket: WebSocket, socketId: string, asked: Subscription): Room {
  const { channel, auth, channel_data } = asked
  const signed = [socketId, channel, channel_data].filter((part) => part !== undefined).join(':')
  const expected = `${APP.key}:${createHmac('sha256', APP.secret).update(signed).digest('hex')}`
  if (!timingSafeEqual(Buffer.from(auth), Buffer.from(expected))) throw new Error('not signed')
  const room = rooms.get(channel) ?? { sockets: new Set(), users: new Map() }
  rooms.set(channel, room)
  if (channel_data === undefined) {
    room.sockets.add(socket)
    send(socket, { event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
    return room
  }
  const user = JSON.parse(channel_data)
  room.users.set(user.user_id, user.user_info)
  const added = { event: 'pusher_internal:member_added', channel, data: channel_data }
  const text = JSON.stringify(added)
  for (const other of room.sockets) other.send(text)
  room.sockets.add(socket)
  const [ids, hash] = [[...room.users.keys()], Object.fromEntries(room.users)]
  const data = JSON.stringify({ presence: { count: ids.length, ids, hash } })
  send(socket, { event: 'pusher_internal:subscription_succeeded', channel, data })
  return room
}

function pass(socket: WebSocket, frame: { channel: string; event: string; data: unknown }): void {
  const room = rooms.get(frame.channel)
  if (!room?.sockets.has(socket)) return
  const { event, channel, data } = frame
  const text = JSON.stringify({ event, channel, data })
  for (const other of room.sockets) if (other !== socket) other.send(text)
}

function send(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame))
}
