import { createApps, signedQuery } from 'nearcache/websocket/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { realtimeRoutes } from '../../../workers/routes/realtime.ts'
import { realtimeApps } from '../../support/websocket/apps.ts'
import { APPS } from './client.ts'

afterEach(() => vi.restoreAllMocks())

test('The Worker logs why the HTTP API of realtime answers 503, without the message, which may name users', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const users = (): Promise<never> => Promise.reject(new TypeError('ada is no user'))
  const objects = { idFromName: () => '', get: () => ({ users }) } as never
  const routes = realtimeRoutes({
    apps: createApps(realtimeApps),
    isDemo: false,
    placement: { hubs: 1, directories: 1 },
    bindings: { hubs: objects, channels: objects, directories: objects },
  })
  const path = '/apps/usual/channels/presence-x/users'
  const request = { method: 'GET', path, query: {}, body: '' }
  const query = signedQuery(APPS.usual, request, Date.now())

  const { status } = await routes.request(`https://rt.example${path}?${query}`)

  expect(status).toBe(503)
  const [[line] = []] = log.mock.calls
  expect(JSON.parse(String(line))).toMatchObject({ error: 'TypeError', title: 'Unavailable' })
  expect(line).not.toContain('ada')
})
