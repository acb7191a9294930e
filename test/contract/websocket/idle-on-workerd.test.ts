import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { PING_FRAME, PONG_FRAME } from '../../../src/websocket/protocol/server-frame.ts'
import { isDeep } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { type RealtimeWorker, startRealtime } from '../../support/websocket/worker.ts'

const APP = { id: '1', key: 'app-key', secret: 'the-secret-of-the-app' }
/** How many are opened at a time: more would measure the queue. */
const AT_A_TIME = 50

/** Minutes of real time, so only in deep runs; `test/workers/websocket` tries the same on few sockets. */
describe.runIf(isDeep)('idle connections, in workerd', () => {
  let worker: RealtimeWorker
  let sockets: WebSocket[] = []

  afterEach(async () => {
    for (const socket of sockets) socket.terminate()
    sockets = []
    await worker.stop()
  }, 60_000)

  async function open(count: number, onFrame: (frame: string) => void): Promise<void> {
    for (let done = 0; done < count; done += AT_A_TIME) {
      const batch = Array.from({ length: Math.min(AT_A_TIME, count - done) }, () =>
        openOne(onFrame),
      )
      sockets.push(...(await Promise.all(batch)))
    }
  }

  function openOne(onFrame: (frame: string) => void): Promise<WebSocket> {
    const url = `ws://127.0.0.1:${worker.port}/app/${APP.key}?protocol=7`
    const socket = new WebSocket(url, { perMessageDeflate: false })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.on('message', (data) => {
        const frame = String(data)
        if (frame.includes('connection_established')) {
          socket.send('{"event":"pusher:subscribe","data":{"channel":"news"}}')
        } else if (frame.includes('subscription_succeeded')) {
          resolve(socket)
        } else if (frame === PING_FRAME) {
          // On a busy machine, opening all takes longer than a silent connection is tolerated.
          socket.send('{"event":"pusher:pong","data":{}}')
        } else {
          onFrame(frame)
        }
      })
    })
  }

  test('a thousand that ping for a minute do not wake a hub, and an event reaches them all', async ({
    task,
  }) => {
    worker = await startRealtime({ apps: [APP], hubs: 1 })
    let pongs = 0
    let events = 0
    await open(1_000, (frame) => {
      if (frame === PONG_FRAME) pongs += 1
      else events += 1
    })
    // A hub sleeps after ten idle seconds.
    await delay(15_000)
    const before = await worker.constructorRuns()

    for (let second = 0; second < 60; second += 5) {
      for (const socket of sockets) socket.send(PING_FRAME)
      await delay(5_000)
    }

    const during = (await worker.constructorRuns()) - before
    await worker.publish(APP, 'news', 'wake', {})
    await until(() => events === 1_000)
    const after = (await worker.constructorRuns()) - before
    found(task, 'idle connections', { sockets: 1_000, pongs, 'constructor runs': during })
    expect(pongs).toBe(12_000)
    expect(during).toBe(0)
    // The hub was asleep, because the event woke it.
    expect(after).toBe(1)
  }, 300_000)

  test('ten thousand over four hubs get every event', async ({ task }) => {
    worker = await startRealtime({ apps: [APP], hubs: 4 })
    const count = Math.min(10_000, socketsAllowed())
    let events = 0
    await open(count, (frame) => {
      if (frame.includes('"tick"')) events += 1
    })

    for (let i = 0; i < 5; i++) await worker.publish(APP, 'news', 'tick', { i })
    await until(() => events === 5 * count)

    const closed = sockets.filter(({ readyState }) => readyState !== WebSocket.OPEN).length
    found(task, 'connections over four hubs', { sockets: count, delivered: events, closed })
    expect(events).toBe(5 * count)
    expect(closed).toBe(0)
  }, 600_000)
})

/** workerd takes two files for each socket while it is opened; some are for other things. */
function socketsAllowed(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const files = Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? 1_024)
  return Math.floor((files - 1_000) / 2)
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; waited < 120_000 && !isSo(); waited += 100) await delay(100)
}
