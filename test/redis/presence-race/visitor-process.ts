/**
 * One of some processes that open, move and close connections of the same users at the same time.
 *
 * @module
 */

import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import { WebSocketCache } from '../../../src/websocket/index.ts'
import type { VisitorReport, VisitorTask } from './visitors.test.ts'

const task = JSON.parse(process.argv[2] ?? '') as VisitorTask
const redis = tcpTransport({ url: task.url })
const cache = new WebSocketCache({ redis, node: task.node, deadline: '20s' })

/** A small random generator, so that a run can be repeated with its seed. */
let state = task.seed
function draw(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const open = new Map<string, { readonly user: string; readonly rooms: Set<string> }>()
let steps = 0

async function step(): Promise<void> {
  steps++
  const ids = [...open.keys()]
  const id = ids[draw(ids.length)]
  const room = `room ${draw(3)}`
  const known = id === undefined ? undefined : open.get(id)
  if (id === undefined || known === undefined || (draw(3) === 0 && ids.length < 6)) {
    const [fresh, user] = [`${task.node}.${steps}`, `user ${draw(4)}`]
    await cache.cacheConnection(fresh, { userId: user, rooms: [room] })
    open.set(fresh, { user, rooms: new Set([room]) })
    return
  }
  const kind = draw(4)
  if (kind === 0) {
    await cache.removeConnection(id)
    open.delete(id)
  } else if (kind === 1) {
    await cache.removeConnectionFromRoom(id, room)
    known.rooms.delete(room)
  } else if (kind === 2) {
    await cache.addConnectionToRoom(id, room, { userId: known.user, info: task.node })
    known.rooms.add(room)
  } else if (!(await cache.updateConnectionActivity(id))) {
    throw new Error('a connection that is open was not alive')
  }
}

for (let i = 0; i < task.steps; i++) await step()
const connections = [...open].map(([id, { user, rooms }]) => ({ id, user, rooms: [...rooms] }))
process.send?.({ steps, connections } satisfies VisitorReport)
await redis.close()
process.disconnect()
