import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { describeWithRedis } from '../../support/with-redis.ts'

/** The task of a process. */
export interface VisitorTask {
  readonly url: string
  readonly node: string
  readonly seed: number
  readonly steps: number
}

/** The connections that a process has left open. */
export interface VisitorReport {
  readonly steps: number
  readonly connections: readonly {
    readonly id: string
    readonly user: string
    readonly rooms: readonly string[]
  }[]
}

const SCRIPT = fileURLToPath(new URL('visitor-process.ts', import.meta.url))
/** Node before 22.18 strips types only with this flag. */
const NODE_OPTIONS = ['--experimental-strip-types', '--no-warnings']
const PROCESSES = 4

async function visit(task: VisitorTask): Promise<VisitorReport> {
  const child = fork(SCRIPT, [JSON.stringify(task)], { execArgv: NODE_OPTIONS })
  const [report] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`))),
  ])) as [VisitorReport]
  return report
}

describeWithRedis('processes that share users and rooms', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  test('leave exactly their open connections, in whatever order they ran', async ({ task }) => {
    const steps = amount(400, 20_000)
    const tasks = Array.from({ length: PROCESSES }, (_, i): VisitorTask => {
      return { url: server.url, node: `n${i}`, seed: 20_260 + i, steps }
    })

    const reports = await Promise.all(tasks.map(visit))

    const open = reports.flatMap(({ connections }) => connections)
    const redis = tcpTransport({ url: server.url })
    const cache = new WebSocketCache({ redis, deadline: '20s' })
    for (const room of ['room 0', 'room 1', 'room 2']) {
      const here = open.filter(({ rooms }) => rooms.includes(room))
      const presence = await cache.getRoomPresence(room)
      expect(presence.connections).toBe(here.length)
      expect(presence.members.map(({ userId }) => userId).sort()).toEqual(
        [...new Set(here.map(({ user }) => user))].sort(),
      )
    }
    for (const user of ['user 0', 'user 1', 'user 2', 'user 3']) {
      const connections = await cache.getUserConnections(user)
      expect(connections.map(({ connectionId }) => connectionId).sort()).toEqual(
        open.flatMap((one) => (one.user === user ? [one.id] : [])).sort(),
      )
    }
    const nodes = reports.map(({ connections }, i) => [`n${i}`, connections.length] as const)
    expect(await cache.countConnections()).toEqual(new Map(nodes.filter(([, count]) => count > 0)))
    await redis.close()
    found(task, 'presence by processes', {
      processes: PROCESSES,
      steps: steps * PROCESSES,
      'left open': open.length,
      differences: 0,
    })
  }, 300_000)
})
