import { workersPlatform } from 'nearcache/platform/workers'
import { RealtimeClient, type SocketLike } from 'nearcache/websocket/client'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'

/** The runtime's own sockets. The test controls the other end. */
function sockets() {
  const servers: WebSocket[] = []
  class Paired implements SocketLike {
    readonly #client: WebSocket

    constructor() {
      const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
      client.accept()
      server.accept()
      servers.push(server)
      this.#client = client
    }

    send(text: string): void {
      this.#client.send(text)
    }

    close(code?: number): void {
      this.#client.close(code)
    }

    addEventListener(type: string, listener: never): void {
      this.#client.addEventListener(type as 'message', listener)
    }
  }
  return { servers, Paired }
}

const established = (id: string): string =>
  JSON.stringify({
    event: 'pusher:connection_established',
    data: JSON.stringify({ socket_id: id, activity_timeout: 120 }),
  })

describe('a RealtimeClient in workerd', () => {
  test('hears what its socket says, and comes back after the server has hung up', async () => {
    const { servers, Paired } = sockets()
    const client = new RealtimeClient({
      ...{ url: 'wss://realtime.test', key: 'app-key', WebSocket: Paired },
      platform: workersPlatform(),
      reconnect: { baseMs: 1, capMs: 1 },
    })
    const heard: unknown[] = []
    client.subscribe('room').onAny((event, data) => heard.push([event, data]))
    client.connect()
    servers[0]?.send(established('1.1'))
    await eventually(() => expect(client.socketId).toBe('1.1'))
    servers[0]?.send(JSON.stringify({ event: 'news', channel: 'room', data: '{"n":1}' }))
    await eventually(() => expect(heard).toEqual([['news', { n: 1 }]]))

    servers[0]?.close(4200, 'moved')
    await eventually(() => expect(servers).toHaveLength(2))
    servers[1]?.send(established('1.2'))
    await eventually(() => expect(client.socketId).toBe('1.2'))
    servers[1]?.close(4001, 'no such app')
    await eventually(() => expect(client.state).toBe('refused'))

    client.disconnect()
    expect(client.state).toBe('idle')
  })

  test('finds the WebSocket of the runtime by itself', () => {
    const client = new RealtimeClient({ url: 'wss://realtime.test', key: 'app-key' })

    expect(client.state).toBe('idle')
  })
})
