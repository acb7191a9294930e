/**
 * Tests the realtime client in a real browser: the Worker in workerd, and two pages in Chromium that see each
 * other come and go, lose their connection and resume. Needs Chromium at CHROMIUM, or /usr/bin/chromium.
 *
 * @module
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { WebSocketCache } from '../../src/websocket/index.ts'
import { sign } from '../../src/websocket/protocol/signature.ts'
import { startRealtime } from '../../test/support/websocket/worker.ts'
import { check, conclude } from './checks.ts'
import { startChromium } from './chromium.ts'
import { openSite } from './sites.ts'

const APP = { id: '1', key: 'app-key', secret: 'app-secret-0123456789' }
const WAIT_MS = 30_000
const EVENTS = 5

/** The page. It exposes its state as `window.known`. */
const PAGE = `<!doctype html><meta charset="utf-8"><script type="module">
  import { RealtimeClient } from '/client.js'
  const user = new URLSearchParams(location.search).get('user')
  const authorize = async (request) => (await fetch('/auth?user=' + user, {
    method: 'POST', body: JSON.stringify(request),
  })).json()
  const url = new URLSearchParams(location.search).get('server')
  const client = new RealtimeClient({ url, key: '${APP.key}', authorize })
  const known = { events: [], resumed: [], members: () => [...room.members.keys()].sort() }
  const room = client.subscribe('presence-room')
  room.on('news', (n) => known.events.push(n))
  room.watch((change) => change.kind === 'resumed' && known.resumed.push(change.recovered))
  Object.assign(window, { client, room, known })
  client.connect()
</script>`

async function main(): Promise<void> {
  const closing: (() => unknown)[] = []
  try {
    const worker = await startRealtime({ apps: [{ ...APP, clientEvents: 'members' }], hubs: 2 })
    closing.unshift(() => worker.stop())
    const site = await startSite()
    closing.unshift(() => site.close())
    // As for users, pages that were left are kept for the back button.
    const browser = await startChromium(['--disable-back-forward-cache'])
    closing.unshift(() => browser.close())
    const { port } = site.address() as AddressInfo
    await twoPages(browser, `http://127.0.0.1:${port}/?server=${worker.origin}`, worker.origin)
  } finally {
    for (const close of closing) await close()
  }
}

async function twoPages(browser: Browser, address: string, origin: string): Promise<void> {
  const cache = new WebSocketCache({
    redis: embeddedTransport(),
    api: { url: origin, appId: APP.id, key: APP.key, secret: APP.secret, timeout: '20s' },
  })
  const ada = await open(browser, `${address}&user=ada`)
  const bob = await open(browser, `${address}&user=bob`)
  await until(ada, 'known.members().length === 2')
  await until(bob, 'known.members().length === 2')
  check('two pages see each other', true)

  await cache.publish('presence-room', 'news', 0)
  await until(ada, 'known.events.length === 1')
  await until(bob, 'known.events.length === 1')
  check('both get what is published', true)

  await bob.evaluate('client.disconnect()')
  for (let n = 1; n <= EVENTS; n++) await cache.publish('presence-room', 'news', n)
  await bob.evaluate('client.connect()')
  await until(bob, `known.events.length === ${EVENTS + 1}`)
  const events = await bob.evaluate('known.events.join()')
  check('what was missed comes after a reconnect, in order', events === '0,1,2,3,4,5')
  check('and the page is told so', (await bob.evaluate('known.resumed.join()')) === 'true')

  await bob.goto(new URL('/elsewhere', address).href)
  await until(ada, 'known.members().join() === "ada"')
  check('a user who has followed a link is gone', true)
  await bob.goBack({ waitUntil: 'commit' })
  await until(ada, 'known.members().length === 2')
  const isKept = await bob.evaluate(`known.events.length === ${EVENTS + 1}`)
  check('and here again after the way back, on the page that was kept', isKept === true)

  await bob.evaluate('room.trigger("client-wave", {})')
  await bob.close()
  await until(ada, 'known.members().join() === "ada"')
  check('a page that is closed is gone', true)
}

async function open(browser: Browser, address: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  page.on('pageerror', ({ message }) => check(`no error in a page, but: ${message}`, false))
  await page.goto(address)
  await until(page, 'room.state === "subscribed"')
  return page
}

async function until(page: Page, condition: string): Promise<void> {
  await page.waitForFunction(condition, undefined, { timeout: WAIT_MS })
}

/** The site of an application: its page, the client, and the endpoint that authorizes users. */
async function startSite(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../../src/websocket/client/index.ts')],
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2024' },
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://site.test')
    if (pathname === '/client.js') {
      response.setHeader('Content-Type', 'text/javascript').end(script)
    } else if (pathname === '/auth') {
      const { socketId, channel } = JSON.parse((await request.toArray()).join('')) as {
        readonly socketId: string
        readonly channel: string
      }
      const channel_data = JSON.stringify({ user_id: searchParams.get('user') })
      const auth = `${APP.key}:${sign(APP.secret, `${socketId}:${channel}:${channel_data}`)}`
      response.end(JSON.stringify({ auth, channel_data }))
    } else if (pathname === '/elsewhere') {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><p>Elsewhere')
    } else {
      response.setHeader('Content-Type', 'text/html').end(PAGE)
    }
  })
  await openSite(server)
  return server
}

await main()
conclude('The client holds in the browser')
process.exit()
