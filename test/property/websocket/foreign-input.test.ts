import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createApps } from '../../../src/websocket/protocol/app.ts'
import { readClientFrame } from '../../../src/websocket/protocol/client-frame.ts'
import { admit } from '../../../src/websocket/protocol/connect.ts'
import { realtimeApi } from '../../../src/websocket/protocol/realtime-api.ts'
import { signedQuery } from '../../../src/websocket/protocol/request-signature.ts'
import { readMember, readUser } from '../../../src/websocket/protocol/user.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { MemoryPort } from '../../unit/websocket/protocol/memory-port.ts'
import { foreignBody, foreignFrame, foreignPath } from './foreign-frames.ts'

const NOW = Date.UTC(2026, 0, 1)
const apps = createApps([
  { id: '1', key: 'key', secret: 'a-secret-of-apps', clientEvents: 'members' },
])
const [app] = apps.all as [(typeof apps.all)[0]]
const { limits } = app
const KINDS = [
  'ping',
  'pong',
  'subscribe',
  'unsubscribe',
  'signIn',
  'clientEvent',
  'presenceUpdate',
  'refused',
]
const RUNS = amount(500, 10_000)

/** How often each outcome occurred. */
class Counts {
  readonly all: Record<string, number> = {}
  count(outcome: string | number): void {
    this.all[outcome] = (this.all[outcome] ?? 0) + 1
  }
}

describe('foreign input', () => {
  test('as frames is understood or refused, and never makes anything throw', ({ task }) => {
    const counts = new Counts()
    fc.assert(
      fc.property(foreignFrame, (text) => {
        const frame = readClientFrame(text, limits)
        counts.count(frame.kind)
        expect(KINDS).toContain(frame.kind)
        if (frame.kind === 'subscribe') readMember(frame.channelData, limits)
        if (frame.kind === 'signIn') readUser(frame.userData, limits)
      }),
      { numRuns: RUNS },
    )
    found(task, 'frames', counts.all)

    expect(Object.keys(counts.all)).toContain('subscribe')
    expect(Object.keys(counts.all)).toContain('clientEvent')
  })

  test('as user data is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
        for (const read of [readMember(text, limits), readUser(text, limits)]) {
          expect('ok' in read !== 'problem' in read).toBe(true)
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('as the address of a connection is admitted or closed with a code of the protocol', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        const admitted = admit(new URL(`http://localhost/app${path}?${query}`), apps)
        if (admitted.kind === 'refused') {
          expect(admitted.close.code).toBeGreaterThanOrEqual(4000)
          expect(admitted.close.code).toBeLessThan(4010)
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('as signed requests is answered with 200 or 4xx, and reaches the port completely or not at all', async ({
    task,
  }) => {
    const counts = new Counts()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'POST', 'PUT'),
        foreignPath,
        foreignBody,
        fc.dictionary(fc.constantFrom('info', 'filter_by_prefix', 'x'), fc.string()),
        async (method, path, text, query) => {
          const port = new MemoryPort({ news: ['a'] })
          const api = realtimeApi({ apps, port, now: () => NOW })
          const body = method === 'GET' ? '' : text.toWellFormed()
          const url = new URL(`http://localhost/apps/1${path}`)
          const request = { method, path: url.pathname, query, body }
          url.search = String(signedQuery(app, request, NOW))
          const response = await api.request(url, { method, ...(body === '' ? {} : { body }) })

          counts.count(response.status)
          expect([200, 400, 401, 404, 413]).toContain(response.status)
          if (response.status !== 200) expect(port.published).toEqual([])
          expect(response.headers.get('access-control-allow-origin')).toBe('*')
        },
      ),
      { numRuns: RUNS },
    )
    found(task, 'requests', counts.all)

    expect(counts.all[200]).toBeGreaterThan(0)
  })

  test('as unsigned requests reaches no port', async () => {
    const port = new MemoryPort()
    const api = realtimeApi({ apps, port, now: () => NOW })
    await fc.assert(
      fc.asyncProperty(foreignPath, fc.webQueryParameters(), async (path, query) => {
        const url = `http://localhost/apps/1${path}?${query}`
        const response = await api.request(url, { method: 'POST', body: '{}' })

        expect([400, 401, 404]).toContain(response.status)
      }),
      { numRuns: RUNS },
    )

    expect(port.published).toEqual([])
    expect(port.terminated).toEqual([])
  })
})
