import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli } from '../../support/cli.ts'

let server: Server
const sockets: Socket[] = []

beforeEach(() => {
  sockets.length = 0
  server = createServer((socket) => {
    sockets.push(socket)
    // Commands that the client sends before the connection counts as open.
    socket.on('data', (sent) => {
      const text = String(sent).toLowerCase()
      for (const [, name] of text.matchAll(/\r\n(client|info)\r\n/g)) {
        const info = 'redis_version:7.0.15\r\n'
        socket.write(name === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n')
      }
    })
  })
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('closing does not wait for a Redis that no longer answers', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const platform = new ManualPlatform()
  let outcome: unknown
  const words = ['get', 'x', '--redis', `redis://127.0.0.1:${port}`, '--deadline', '1s']
  const running = runCli(words, { platform }).then((result) => {
    outcome = result
  })
  await vi.waitFor(() => expect(sockets).toHaveLength(1), 20_000)
  await vi.waitFor(() => expect(sockets[0]?.bytesWritten).toBeGreaterThan(0), 20_000)

  // The connection waits ten seconds for replies. Reads of sockets and files use no clock.
  for (let ms = 0; ms < 6_000 && outcome === undefined; ms += 100) {
    await platform.advance(100)
    await delay(10)
  }

  // Whatever it still waits for is none of that clock.
  await running
  expect(outcome).toMatchObject({ code: 1, warned: expect.stringContaining('within 1000 ms') })
})
