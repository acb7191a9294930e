import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadPort } from './fault-server.ts'

/** A busy machine is slow to start a process, but not to end one that has nothing to do. */
const EXITS_WITHIN_MS = 3_000

/** Answers only the requests with which a client connects to a cluster that consists of this node. */
function asClusterNode(socket: Socket, text: string): void {
  const node = `*2\r\n$9\r\n127.0.0.1\r\n:${socket.localPort}\r\n`
  if (/slots/i.test(text)) socket.write(`*1\r\n*3\r\n:0\r\n:16383\r\n${node}`)
  else if (/cluster/i.test(text)) socket.write('$16\r\ncluster_state:ok\r\n')
  else if (/info/i.test(text)) socket.write('$9\r\nloading:0\r\n')
  else if (/ping/i.test(text)) socket.write('+PONG\r\n')
}

describe('A process whose cache was closed exits by itself', () => {
  /** The first server accepts everything and never answers; the second answers only as a cluster node must. */
  const ports: Record<string, number> = {}
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  let dead: number

  beforeAll(async () => {
    dead = await deadPort()
    for (const [name, onText] of Object.entries({
      silent: () => undefined,
      cluster: asClusterNode,
    })) {
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('data', (data) => onText(socket, data.toString()))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      servers.push(server)
      ports[name] = (server.address() as AddressInfo).port
    }
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers) await new Promise((resolve) => server.close(resolve))
  })

  test.each([
    ['tcp', 'never answers', 'redis'],
    ['tcp', 'refuses connections', 'redis'],
    ['cluster', 'never answers', 'redis'],
    ['cluster', 'refuses connections', 'redis'],
    ['rest', 'never answers', 'http'],
    ['rest', 'refuses connections', 'http'],
  ])('over %s, with a server that %s', { timeout: 60_000 }, async (way, how, protocol) => {
    const port = how === 'never answers' ? ports[way === 'cluster' ? way : 'silent'] : dead
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
