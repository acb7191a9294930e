import { EventEmitter, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RemoteTimeoutError } from '../../../src/errors.ts'
import { type GuardedRequester, guard } from '../../../src/redis/guard.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import { WAYS } from '../../support/rest-fetches.ts'

/**
 * A server that answers the first request of each connection only after the client's deadline, as if setting up the
 * connection took so long, and the others at once.
 */
describe.each(WAYS)('a connection that is slow to set up, $name', ({ options: way }) => {
  let platform: ManualPlatform
  let server: Server
  let arrivals: EventEmitter
  let sockets: Set<Socket>
  let redis: GuardedRequester

  beforeEach(async () => {
    platform = new ManualPlatform()
    arrivals = new EventEmitter()
    sockets = new Set()
    server = createServer((_request, response) => {
      const isNew = !sockets.has(response.req.socket)
      sockets.add(response.req.socket)
      arrivals.emit('request', { answer: () => response.end('{"result":"v"}'), isNew })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    redis = guard(restTransport({ url, token: 'token', platform, ...way }), {
      platform,
      retries: 0,
      breaker: { threshold: 1_000 },
    })
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const get = (): Promise<unknown> => redis.request({ path: [], body: ['GET', 'k'] })

  /** One call. Returns whether it opened a connection, and what the caller got. */
  async function call(): Promise<{ readonly isNew: boolean; readonly got: unknown }> {
    const arrival = once(arrivals, 'request')
    const asked = get().catch((error: unknown) => error)
    const [{ answer, isNew }] = (await arrival) as [{ answer: () => void; isNew: boolean }]
    if (isNew) await platform.advance(500)
    else answer()
    const got = await asked
    answer()
    return { isNew, got }
  }

  test('serves later calls, although the call that opened it has timed out', async () => {
    const first = await call()

    expect(first).toEqual({ isNew: true, got: expect.any(RemoteTimeoutError) })
    await eventually(async () => {
      expect(await call()).toEqual({ isNew: false, got: { result: 'v' } })
    })
  })
})
