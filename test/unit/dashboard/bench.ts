/**
 * A dashboard on its own cache, and a minimal browser with cookies.
 *
 * @module
 */

import { Hono } from 'hono'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { dashboard } from '../../../src/dashboard/dashboard.ts'
import type { DashboardOptions } from '../../../src/dashboard/options.ts'
import { HotKeys } from '../../../src/monitor/hot-keys.ts'
import { Metrics } from '../../../src/monitor/metrics.ts'
import { CacheMonitor } from '../../../src/monitor/monitor.ts'
import { RedisFigures } from '../../../src/monitor/redis-figures.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'

export const TOKEN = 'dashboard-token-0123'

/** Makes Redis fail. */
export const DOWN = {
  kind: 'fail',
  error: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
} as const

/** Everything that a dashboard shows, mounted at `/ops`. */
export function bench(
  options: Partial<DashboardOptions> = {},
  ofCache: Partial<CacheOptions> = {},
) {
  const platform = new ManualPlatform()
  const redis = faultyRequester(embeddedTransport({ platform }))
  const breaker = { threshold: 100 }
  const cache = new RedisCacheManager({ redis, platform, retries: 0, breaker, ...ofCache })
  const figures = new RedisFigures({ cache })
  const metrics = new Metrics({ cache, platform, sinks: [figures] })
  const hotKeys = new HotKeys({ cache, platform })
  const monitor = new CacheMonitor({ cache, figures, platform, memoryLimitBytes: 1e9 })
  const warming = new Warming({ cache, platform })
  const app = new Hono()
  const parts = { cache, monitor, hotKeys, warming, platform }
  app.route('/ops', dashboard({ ...parts, authenticate: TOKEN, mode: 'operate', ...options }))
  return { ...parts, app, figures, redis, metrics, browser: new TextBrowser(app) }
}

/** Keeps cookies and sends forms as a browser does. */
export class TextBrowser {
  readonly #app: Hono
  readonly #cookies = new Map<string, string>()

  constructor(app: Hono) {
    this.#app = app
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.#keep(await this.#app.request(path, { headers: { ...this.#sent(), ...headers } }))
  }

  /** The text of a page. */
  async page(path: string): Promise<string> {
    return (await this.get(path)).text()
  }

  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const token = this.#cookies.get('nearcache-dashboard-form') ?? ''
    const response = await this.#app.request(path, {
      method: 'POST',
      body: new URLSearchParams({ 'form-token': token, ...fields }),
      headers: { ...this.#sent(), 'sec-fetch-site': 'same-origin', ...headers },
    })
    return this.#keep(response)
  }

  async logIn(token: string = TOKEN): Promise<Response> {
    await this.get('/ops/login')
    return this.post('/ops/login', { token })
  }

  #sent(): Record<string, string> {
    return { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
  }

  #keep(response: Response): Response {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (/Max-Age=0/.test(cookie)) this.#cookies.delete(name)
      else this.#cookies.set(name, decodeURIComponent(value))
    }
    return response
  }
}

/** What a reader sees of a panel. */
export function panelText(html: string, id: string): string {
  const parts = html.split(/(?=<\w+[^>]*\sdata-panel=")/)
  return textOf(parts.find((part) => part.includes(`data-panel="${id}"`)) ?? '')
}

function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim()
}
