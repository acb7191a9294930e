/**
 * A socket.io server that does the same work as `ws-process.ts`, with rooms of socket.io.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadPeer } from '../peers.ts'

interface Socket {
  join(room: string): void
  emit(event: string, ...args: unknown[]): void
  to(room: string): Pick<Socket, 'emit'>
  on(event: string, listener: (...args: never[]) => void): void
}
interface Module {
  readonly Server: new (
    http: unknown,
    options: object,
  ) => { on(event: 'connection', listener: (socket: Socket) => void): void }
}

const { Server } = await loadPeer<Module>('socket.io')
const users = new Map<string, Map<string, unknown>>()
const http = createServer()
new Server(http, { transports: ['websocket'] }).on('connection', (socket) => {
  socket.on('join', ({ channel, userId }: { channel: string; userId?: string }) => {
    const here = users.get(channel) ?? new Map<string, unknown>()
    users.set(channel, here)
    if (userId !== undefined) {
      here.set(userId, { name: `Somebody ${userId}` })
      socket.to(channel).emit('added', { userId, info: here.get(userId) })
    }
    socket.join(channel)
    socket.emit('joined', Object.fromEntries(here))
  })
  socket.on('round', (channel: string, data: unknown) => {
    socket.to(channel).emit('round', data)
  })
})
http.listen(0, '127.0.0.1', () => {
  console.log(`ready at ${(http.address() as AddressInfo).port}`)
})
