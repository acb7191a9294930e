import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadPort } from './fault-server.ts'

/** A loaded machine is slow to start a process, and never slow to end one that has nothing to do. */
const EXITS_WITHIN_MS = 3_000

describe('A process whose cache was closed ends by itself', () => {
  let server: Server
  const sockets = new Set<Socket>()
  let dead: number

  beforeAll(async () => {
    dead = await deadPort()
    // Takes whatever comes, and never answers.
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.resume()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  test.each([
    ['tcp', 'never answers', 'redis'],
    ['tcp', 'refuses connections', 'redis'],
    ['rest', 'never answers', 'http'],
    ['rest', 'refuses connections', 'http'],
  ])('over %s, before a server that %s', { timeout: 60_000 }, async (way, how, protocol) => {
    const port = how === 'never answers' ? (server.address() as AddressInfo).port : dead
    const child = fork(
      new URL('./other-process.ts', import.meta.url),
      [way, `${protocol}://127.0.0.1:${port}`],
      { execArgv: [] },
    )
    const exited = once(child, 'exit')
    const [answers] = await once(child, 'message')
    const killer = setTimeout(() => child.kill('SIGKILL'), EXITS_WITHIN_MS)

    const [code, signal] = await exited
    clearTimeout(killer)

    expect(answers).toEqual([null, 'loaded', 'failed', 'failed'])
    expect([code, signal]).toEqual([0, null])
  })
})
