import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bundleWorker, type DirectWorker, OBJECTS, startDirect } from '../../bench/workerd.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { RedisRequest } from '../../src/redis/requester.ts'
import { HeldRequester, leave } from '../support/leaving-client.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'

const WAIT = { timeout: 5_000 }
const ADMIN = 'a-token-for-the-admin'
const DEMO = { email: 'ada@demo.example', password: 'engine', as: 'bearer' }

const gated = new HeldRequester(embeddedTransport())

function isOfLimit({ body }: RedisRequest): boolean {
  return JSON.stringify(body).includes('wrong-tokens')
}

let redis: RestEndpoint
let worker: DirectWorker
let host: URL

beforeAll(async () => {
  redis = await startRestEndpoint({ requester: gated })
  const source = { entryPoints: ['workers/index.ts'], conditions: ['nearcache:source'] }
  worker = await startDirect(await bundleWorker(source), {
    bindings: {
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      ADMIN_TOKEN: ADMIN,
      SESSION_KEYS: `k1:${'5e'.repeat(32)}`,
      DEMO_LOGIN: 'on',
    },
    d1Databases: ['DB'],
    durableObjects: OBJECTS,
    compatibilityFlags: ['nodejs_compat'],
  })
  host = worker.url
}, 60_000)

afterAll(async () => {
  await worker.miniflare.dispose()
  await redis.stop()
})

/**
 * Sends on a separate connection, holds back the first Redis command, disconnects, and lets the command
 * through.
 */
async function sendAndLeave(path: string, options: object, body?: object): Promise<void> {
  const { reached, open } = gated.hold((sent) => !isOfLimit(sent))
  const client = request(new URL(path, host), { agent: false, ...options })
    .on('error', () => undefined)
    .end(body && JSON.stringify(body))
  await reached
  await leave(client, new URL('/login', host))
  open()
}

describe('a change requested by a client that has disconnected', () => {
  test('is carried out: a log-out', async () => {
    const body = JSON.stringify(DEMO)
    const headers = { 'content-type': 'application/json' }
    const opened = await fetch(new URL('/sessions', host), { method: 'POST', headers, body })
    const { token } = (await opened.json()) as { token: string }
    const own = { authorization: `Bearer ${token}` }
    const current = new URL('/sessions/current', host)
    expect((await fetch(current, { headers: own })).status).toBe(200)

    await sendAndLeave('/sessions/current', { method: 'DELETE', headers: own })

    await vi.waitFor(async () => {
      expect((await fetch(current, { headers: own })).status).toBe(401)
    }, WAIT)
  })

  test('is invalidated in the cache: a change made directly in the database', async () => {
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' }
    const known = redis.requests.length

    await sendAndLeave('/admin/changed', { method: 'POST', headers }, {})

    // One invalidates the messages, the other the lists.
    await vi.waitFor(() => {
      const sent = redis.requests.slice(known).filter(({ body }) => !isOfLimit({ path: [], body }))
      expect(sent).toHaveLength(2)
    }, WAIT)
  })
})
