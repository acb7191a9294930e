import { createApps } from 'nearcache/websocket/protocol'
import { describe, expect, test } from 'vitest'
import { presenceRoutes } from '../../workers/routes/presence.ts'

const [app] = createApps([
  { id: '1', key: 'demo-key', secret: 'a-secret-of-apps', clientEvents: 'members' },
]).all as [never]
const routes = presenceRoutes(app)
const WHO = { socket_id: '1.2', channel_name: 'presence-demo', user_id: 'a-1', name: 'Ada' }

const ask = (
  fields: Readonly<Record<string, string>>,
  origin = 'http://localhost',
): Promise<Response> =>
  Promise.resolve(
    routes.request(`${origin}/auth`, { method: 'POST', body: new URLSearchParams(fields) }),
  )

describe('the page of presence', () => {
  test('runs only its own script and the client, and connects only to the Worker', async () => {
    const page = await routes.request('http://localhost:8787/')
    const policy = page.headers.get('content-security-policy') ?? ''
    const [, nonce = '-'] = /'nonce-([^']+)'/.exec(policy) ?? []
    const text = await page.text()

    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self' ws://localhost:8787 wss://localhost:8787")
    expect(text.match(/<script[^>]*>/g)).toEqual([
      `<script src="/presence/pusher.min.js" nonce="${nonce}">`,
      `<script type="module" nonce="${nonce}">`,
    ])
    expect(text).toContain('data-key="demo-key"')
  })

  test('admits its windows only to its own channel, with the identity they claim', async () => {
    const answer = await ask(WHO)

    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      auth: expect.stringMatching(/^demo-key:[0-9a-f]{64}$/),
      channel_data: '{"user_id":"a-1","user_info":{"name":"Ada"}}',
    })
  })

  test.each([
    { ...WHO, channel_name: 'presence-orders' },
    { ...WHO, channel_name: 'private-demo' },
    { ...WHO, socket_id: '1' },
    { ...WHO, user_id: 'a b' },
    { ...WHO, name: ' ' },
    { ...WHO, name: 'x'.repeat(41) },
    { socket_id: '1.2' },
  ])('signs nothing else: %j', async (fields) => {
    expect((await ask(fields)).status).toBe(403)
  })

  test('is open on localhost alone', async () => {
    expect((await ask(WHO, 'https://shop.example')).status).toBe(403)
    expect((await routes.request('https://shop.example/')).status).toBe(403)
  })
})
