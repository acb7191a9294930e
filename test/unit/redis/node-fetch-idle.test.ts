import { EventEmitter, once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeFetch } from '../../../src/redis/node/index.ts'
import type { RestFetch } from '../../../src/redis/rest.ts'

/** Connections that the network has dropped silently: requests on them get no answer and no error. */
const forgotten = new WeakSet<Socket>()
let arrivals: EventEmitter
let connections: Socket[]
let server: Server

beforeEach(async () => {
  arrivals = new EventEmitter()
  connections = []
  server = createServer((_request, response) => arrivals.emit('request', response))
  server.on('connection', (socket) => connections.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function send(fetch: RestFetch, signal: AbortSignal | null = null): Promise<string> {
  const { port } = server.address() as AddressInfo
  const init = { method: 'POST', headers: {}, body: '', redirect: 'manual', signal } as const
  return (await fetch(`http://127.0.0.1:${port}/`, init)).text()
}

/** Leaves this many idle connections open. */
async function idle(fetch: RestFetch, count: number): Promise<void> {
  const waiting: ServerResponse[] = []
  arrivals.on('request', (response: ServerResponse) => {
    if (forgotten.has(response.req.socket)) arrivals.emit('lost')
    else waiting.push(response)
    if (waiting.length < count && connections.length <= count) return
    for (const one of waiting.splice(0)) one.end('answer')
  })
  await Promise.all(Array.from({ length: count }, () => send(fetch)))
  await setImmediate() // the client returns the connections to its pool after the responses
}

test('after one aborted request without an answer, all silently dropped connections are closed', async () => {
  const fetch = nodeFetch()
  await idle(fetch, 3)
  for (const socket of connections) forgotten.add(socket)
  const lost = once(arrivals, 'lost')
  const deadline = new AbortController()
  const first = send(fetch, deadline.signal)

  await lost
  deadline.abort()

  await expect(first).rejects.toThrow('socket hang up')
  await expect(send(fetch)).resolves.toBe('answer')
  expect(connections).toHaveLength(4)
})
