import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { bench, DOWN, panelText, TOKEN } from './bench.ts'

const MINUTE = 60_000
const EVIL = `"><script>alert('x')</script>`

type Bench = ReturnType<typeof bench>

/** Makes hits, and misses that load for 40 ms each. */
async function traffic({ cache, metrics, platform }: Bench, hits: number, misses: number) {
  const mail = cache.namespace('mail')
  await mail.set('hit', 1, { ttl: '1d', tags: ['all'] })
  for (let i = 0; i < hits; i++) await mail.get('hit')
  for (let i = 0; i < misses; i++) {
    await mail.getOrSet(`miss${platform.now()}.${i}`, () => {
      platform.jump(40)
      return i
    })
  }
  await metrics.flush()
}

describe('pages', () => {
  let one: Bench

  beforeEach(async () => {
    one = bench({ version: 'v7', pricePer100k: 0.2 })
    await one.browser.logIn()
  })

  test('every answer forbids what a page does not need, and is not stored', async () => {
    for (const path of ['overview', 'namespaces', 'jobs', 'alerts', 'keys', 'login']) {
      const { headers } = await one.browser.get(`/ops/${path}`)

      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).not.toMatch(/unsafe|\*|https?:/)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('no page has a script, a style or a handler inside', async () => {
    for (const path of ['overview', 'namespaces', 'jobs', 'alerts', 'keys', 'login']) {
      const html = await one.browser.page(`/ops/${path}`)

      expect(html.startsWith('<!doctype html><html lang="en">')).toBe(true)
      expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/)
    }
  })

  test('all regions of a page have different names', async () => {
    await traffic(one, 5, 5)
    for (const path of ['overview', 'namespaces', 'jobs', 'alerts', 'keys']) {
      const html = await one.browser.page(`/ops/${path}`)

      const names = [...html.matchAll(/<section[^>]*aria-label(?:ledby)?="([^"]*)"/g)].map(
        ([, name = '']) => new RegExp(`id="${name}">([^<]*)`).exec(html)?.[1] ?? name,
      )
      expect(names).toEqual([...new Set(names)])
    }
  })

  test.each([
    ['/ops', 'ops/overview'],
    ['/ops/', 'overview'],
  ])('%s leads to the first page', async (path, location) => {
    const response = await one.browser.get(path)

    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(location)
  })

  test('files are public and immutable, under an address with their version', async () => {
    const html = await one.browser.page('/ops/overview')
    const links = [...html.matchAll(/(?:href|src)="([\w.-]+\?v=[\w.]+)"/g)].map(([, link]) => link)

    expect(links).toHaveLength(3)
    for (const link of links) {
      const { status, headers } = await one.app.request(`/ops/${link}`)
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toContain('immutable')
    }
  })

  test('the overview shows the figures without JavaScript', async () => {
    await traffic(one, 30, 10)

    const html = await one.browser.page('/ops/overview')

    expect(panelText(html, 'tiles')).toContain('Hit rate 75 % 40 look-ups in the last hour')
    expect(panelText(html, 'tiles')).toContain('Error rate 0 % 0 errors')
    expect(panelText(html, 'status')).toContain('ok The cache is healthy. Circuit closed')
    expect(panelText(html, 'status')).toContain('Version v7')
    expect(panelText(html, 'memory')).toContain('Limit 1 GB')
    expect(panelText(html, 'hit-rate')).toContain('UTC hits near stale 00:00 75 % 0 % 0 %')
    expect(panelText(html, 'hit-rate')).toContain('Misses 10 No entry 10')
    expect(panelText(html, 'latency')).toMatch(/get p50 get p95 get p99/)
    expect(panelText(html, 'errors')).toContain('No errors')
  })

  test('the overview shows each minute of the hour, and each hour of the day', async () => {
    await traffic(one, 3, 1)
    await one.platform.advance(30 * MINUTE)
    await traffic(one, 1, 1)
    await one.platform.advance(100 * MINUTE)
    await traffic(one, 4, 0)

    const hour = await one.browser.page('/ops/overview')
    const day = await one.browser.page('/ops/overview?range=24h')

    expect(panelText(hour, 'tiles')).toContain('Hit rate 100 % 4 look-ups')
    expect(panelText(hour, 'hit-rate')).toMatch(/02:10 100 % 0 % 0 % Hits/)
    expect(panelText(day, 'tiles')).toContain('Hit rate 80 % 10 look-ups in the last 24 hours')
    expect(panelText(day, 'hit-rate')).toContain('02:00 100 % 0 % 0 % 00:00 66.7 % 0 % 0 %')
  })

  test('errors are shown by kind, and those of loaders separately', async () => {
    const { cache, metrics } = one
    await expect(cache.getOrSet('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    one.redis.fate = () => DOWN
    await cache.get('a')
    one.redis.fate = () => ({ kind: 'pass' })
    await metrics.flush()

    const html = await one.browser.page('/ops/overview')

    expect(panelText(html, 'tiles')).toContain('1 error, and 1 in loaders')
    expect(panelText(html, 'errors')).toContain('Connection lost 1 Loader errors 1')
  })

  test('commands are shown with their cost at the current rate', async () => {
    const { metrics, cache, figures, platform } = one
    await traffic(one, 50, 0)
    await platform.advance(MINUTE)
    await metrics.flush()

    const html = await one.browser.page('/ops/overview')

    const total = (await figures.readTotal()).get('')?.counters.get('rc') ?? 0
    expect(total).toBeGreaterThan(50)
    expect(cache.redis.counts.commands).toBeGreaterThanOrEqual(total)
    const month = (total * 30 * 86_400_000) / MINUTE
    expect(panelText(html, 'commands')).toContain(`Commands ${total.toLocaleString('en')} Requests`)
    expect(panelText(html, 'commands')).toContain(
      `${month.toLocaleString('en')} commands At $0.20 per 100,000 $${((month / 1e5) * 0.2).toFixed(2)} a month`,
    )
  })

  test('a self-hosted Redis has no price by default', async () => {
    const redis = embeddedTransport()
    const own = bench({ cache: new RedisCacheManager({ redis }) })
    const priced = bench({ cache: new RedisCacheManager({ redis }), pricePer100k: 1 })
    await Promise.all([own.browser.logIn(), priced.browser.logIn()])

    const panels = [own, priced].map(async ({ browser }) =>
      panelText(await browser.page('/ops/overview'), 'commands'),
    )

    expect(await panels[0]).not.toContain('$')
    expect(await panels[1]).toContain('At $1.00 per 100,000')
  })

  test('namespaces have their figures, and what is stored once it was counted', async () => {
    await traffic(one, 30, 10)
    const before = panelText(await one.browser.page('/ops/namespaces'), 'namespaces')

    const counted = await one.browser.post('/ops/census', { range: '1h' })

    // 30 hits at 40 ms each were saved.
    expect(before).toContain('default/mail 40 75 % 0 10 40 ms 1.2 s – – –')
    expect(panelText(await counted.text(), 'namespaces')).toMatch(
      /default\/mail 40 75 % 0 10 40 ms 1\.2 s 11 [\d.]+ (?:k?B) [\d.]+ (?:min|h)/,
    )
  })

  test('the most read keys are shown with buttons to inspect them', async () => {
    await traffic(one, 5, 1)
    await one.hotKeys.flush()

    const html = await one.browser.page('/ops/namespaces')

    expect(panelText(html, 'hot-keys')).toContain('default/mail hit 5 Inspect')
    expect(panelText(html, 'hot-misses')).toContain('default/mail miss')
  })

  test('keys and tags never are markup, wherever they are shown', async () => {
    const { cache, hotKeys, metrics } = one
    const odd = cache.namespace(EVIL)
    await odd.set(EVIL, { [EVIL]: EVIL }, { tags: [EVIL] })
    await odd.get(EVIL)
    await Promise.all([hotKeys.flush(), metrics.flush()])

    const form = { namespace: odd.path, key: EVIL, tags: EVIL, do: 'count' }
    const pages = [
      await one.browser.page('/ops/namespaces'),
      await (await one.browser.post('/ops/inspect', form)).text(),
      await (await one.browser.post('/ops/invalidate', form)).text(),
      await (await one.browser.post('/ops/inspect', { ...form, namespace: EVIL })).text(),
      await one.browser.page(`/ops/overview?range=${encodeURIComponent(EVIL)}&told=${EVIL}`),
    ]

    for (const page of pages) expect(page).not.toContain('<script>alert')
    expect(panelText(pages[0] ?? '', 'hot-keys')).toContain(EVIL)
    expect(panelText(pages[1] ?? '', 'inspected')).toContain(EVIL)
  })

  test('a namespace is shown by its given name, and found by the name that is shown', async () => {
    const { cache, metrics, hotKeys } = one
    const odd = cache.namespace('größe & <b>').namespace('50% a/b')
    await odd.set('k', 1, { tags: ['t'] })
    await odd.get('k')
    await Promise.all([hotKeys.flush(), metrics.flush()])
    const shown = 'default/größe & <b>/50%25 a%2Fb'

    const namespaces = await one.browser.page('/ops/namespaces')
    const keys = await one.browser.page('/ops/keys')
    const form = { namespace: shown, key: 'k', tags: 't', do: 'count' }
    const inspected = await (await one.browser.post('/ops/inspect', form)).text()
    const counted = await (await one.browser.post('/ops/invalidate', form)).text()

    expect(panelText(namespaces, 'namespaces')).toContain(shown)
    expect(panelText(namespaces, 'hot-keys')).toContain(`${shown} k`)
    expect(keys).toContain('<option value="default/größe &amp; &lt;b&gt;/50%25 a%2Fb"')
    expect(panelText(inspected, 'inspected')).toContain(`${shown} k`)
    expect(counted).toContain('<b>1</b> entry in default/größe &amp; &lt;b&gt;/50%25 a%2Fb with')
  })

  test('a right-to-left name cannot be mistaken for another', async () => {
    const key = '\u202egnp.exe'
    await one.cache.set(key, 1, { tags: [`tag${key}`] })

    const form = { namespace: 'default', key }
    const page = await (await one.browser.post('/ops/inspect', form)).text()

    const told = panelText(page, 'inspected')
    expect(told).toContain('\\u202egnp.exe')
    expect(told).toContain('tag\\u202egnp.exe')
    expect(told).not.toContain('\u202e')
  })

  test('a page costs a few commands, independent of the number of viewers', async () => {
    const { browser, platform, cache } = one
    await browser.page('/ops/overview')
    await platform.advance(5_000)
    const before = cache.redis.counts.commands

    for (let i = 0; i < 10; i++) await browser.page('/ops/overview')

    expect(cache.redis.counts.commands - before).toBeLessThanOrEqual(20)
  })

  test('while Redis is down, the page says so, and shows what this isolate knows', async () => {
    await traffic(one, 1, 1)
    one.warming.register({
      id: 'mail',
      name: 'Mail',
      priority: 1,
      schedule: '0 0 * * *',
      handler: () => 1,
    })
    one.redis.fate = () => DOWN
    const page = async (name: string) => {
      const response = await one.browser.get(`/ops/${name}`)
      expect(response.status).toBe(200)
      return response.text()
    }

    const overview = await page('overview')
    expect(panelText(overview, 'status')).toContain('down Redis does not answer.')
    expect(panelText(overview, 'figures')).toContain('Redis does not answer')
    expect(panelText(overview, 'tiles')).toContain('Hit rate – –')
    expect(panelText(overview, 'tiles')).toContain('Memory – of 1 GB')
    expect(panelText(await page('namespaces'), 'hot-keys')).toContain('Redis does not answer')
    expect(panelText(await page('jobs'), 'jobs')).toContain('Redis does not answer')
    expect(panelText(await page('alerts'), 'recommendations')).toContain('Redis does not answer')
    const form = { namespace: 'default', key: 'a' }
    const inspected = await (await one.browser.post('/ops/inspect', form)).text()
    expect(panelText(inspected, 'inspected')).toContain('Redis does not answer')
    const deleted = await one.browser.post('/ops/delete-key', form)
    expect(deleted.headers.get('location')).toBe('keys?told=away')
    for (const what of ['count', 'invalidate']) {
      const tagged = { namespace: 'default', tags: 'a:1\r\nb:2', do: what }
      const refused = await (await one.browser.post('/ops/invalidate', tagged)).text()
      expect(refused).toContain('Assume that nothing was changed')
      expect(refused).toMatch(/<textarea[^>]*>a:1\r?\nb:2<\/textarea>/)
    }
  })

  test('the page says what is not set up', async () => {
    const bare = bench({ warming: undefined, hotKeys: undefined } as never)
    await bare.browser.logIn()

    expect(panelText(await bare.browser.page('/ops/jobs'), 'jobs')).toContain('Not set up')
    expect(panelText(await bare.browser.page('/ops/namespaces'), 'hot-keys')).toContain(
      'Not set up',
    )
  })

  test('the same figures are available as JSON', async () => {
    await traffic(one, 30, 10)

    const headers = { authorization: `Bearer ${TOKEN}` }
    const response = await one.app.request('/ops/snapshot.json', { headers })
    const unknown = await one.app.request('/ops/snapshot.json?range=2h', { headers })

    expect(unknown.status).toBe(400)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({
      range: '1h',
      health: { status: 'ok' },
      alerts: [],
      summary: { lookups: 40, hits: 30, misses: 10 },
      namespaces: { 'default/mail': { lookups: 40 } },
      spending: { commands: expect.any(Number) },
      hotKeys: { hits: [], misses: [] },
    })
  })
})

describe('alerts', () => {
  test('are shown with their rule when they start, and removed when they end', async () => {
    const one = bench()
    await one.browser.logIn()
    await traffic(one, 20, 100)
    await one.monitor.performHealthCheck()
    await one.platform.advance(2 * MINUTE)
    await traffic(one, 20, 100)
    await one.monitor.performHealthCheck()
    await one.platform.advance(3 * MINUTE)
    await traffic(one, 20, 100)

    const bad = await one.browser.page('/ops/alerts')
    expect(panelText(bad, 'alerts')).toMatch(
      /medium The hit rate is low 1\d\.\d % when it started \(limit 70 %\)\. Since/,
    )
    expect(panelText(bad, 'rules')).toMatch(/hit-rate bad 1\d.* below 70 % at 75 % 5 min medium/)
    expect(panelText(bad, 'top')).toContain('Alerts 1 active')
    expect(panelText(bad, 'top')).toContain('degraded')
    await one.platform.advance(6 * MINUTE)
    await traffic(one, 200, 0)

    const good = await one.browser.page('/ops/alerts')

    expect(panelText(good, 'alerts')).toContain('No active alerts')
    expect(panelText(good, 'rules')).toMatch(/hit-rate good 100 %/)
    expect(panelText(good, 'history')).toMatch(/\d ok, \d degraded, 0 down/)
  })

  test('can be resolved by hand; an unknown rule is refused', async () => {
    const one = bench()
    await one.browser.logIn()
    one.redis.fate = () => DOWN
    for (let i = 0; i < 3; i++) await one.monitor.performHealthCheck()
    const shown = panelText(await one.browser.page('/ops/alerts'), 'alerts')
    expect(shown).toContain('critical Redis does not answer Since')
    const resolve = (id: string) => one.browser.post('/ops/resolve-alert', { id })

    expect((await resolve('connection')).headers.get('location')).toBe('alerts?told=resolved')
    expect((await resolve('other')).status).toBe(400)
    expect(await one.browser.page('/ops/alerts?told=resolved')).toContain('The alert was resolved.')
  })

  test('recommendations show their evidence', async () => {
    const one = bench()
    await one.browser.logIn()
    await traffic(one, 200, 900)

    const text = panelText(await one.browser.page('/ops/alerts'), 'recommendations')

    expect(text).toContain('Most misses find nothing')
    expect(text).toContain('In default/mail. To change: warming jobs, the key')
    expect(text).toContain('lookups 1,100 misses 900 absent 900 loadMsMean 40')
  })
})

describe('jobs', () => {
  test('are shown with their slots and last runs, and run by hand', async () => {
    const one = bench()
    await one.browser.logIn()
    let runs = 0
    const handler = () => {
      runs++
      return 42
    }
    const job = { name: 'Mailbox', priority: 80, schedule: '0 */6 * * *', handler }
    one.warming.register({ id: 'mail', ...job })
    expect(panelText(await one.browser.page('/ops/jobs'), 'jobs')).toContain(
      'Mailbox mail 80 waiting – in 6 h – Run now',
    )

    const started = await one.browser.post('/ops/run-job', { id: 'mail' })
    await one.platform.settle()

    expect(started.headers.get('location')).toBe('jobs?told=started')
    expect(runs).toBe(1)
    await one.platform.advance(5_000)
    expect(panelText(await one.browser.page('/ops/jobs'), 'jobs')).toContain(
      'Mailbox mail 80 waiting 2026-01-01 00:00 UTC in 6 h complete 5 s ago 42 items in 0 ms',
    )
    expect((await one.browser.post('/ops/run-job', { id: 'other' })).status).toBe(400)
  })
})

describe('keys', () => {
  test('are inspected: name, lifetimes and tags', async () => {
    const { cache, browser } = bench({ values: 'shown' })
    await browser.logIn()
    await cache.set('user:1', { name: 'Ada' }, { ttl: '10m', tags: ['org:7'] })

    const response = await browser.post('/ops/inspect', { namespace: 'default', key: 'user:1' })

    const text = panelText(await response.text(), 'inspected')
    expect(text).toContain('fresh default user:1 Stored in Redis')
    expect(text).toContain('Encoding JSON')
    expect(text).toContain('org:7 tag unchanged')
    expect(text).toContain('"name": "Ada"')
  })

  test('hide their values unless the option shows them', async () => {
    const { cache, browser } = bench()
    await browser.logIn()
    await cache.set('user:1', { name: 'Ada' })

    const response = await browser.post('/ops/inspect', { namespace: 'default', key: 'user:1' })

    const html = await response.text()
    expect(html).toContain('id="inspected"')
    expect(html).not.toMatch(/Ada|value-text/)
  })

  test('say why they were missed', async () => {
    const { cache, browser } = bench()
    await browser.logIn()
    await cache.set('a', 1, { tags: ['t'] })
    await cache.invalidateTags(['t'])
    const inspect = async (key: string) => {
      const response = await browser.post('/ops/inspect', { namespace: 'default', key })
      return panelText(await response.text(), 'inspected')
    }

    expect(await inspect('a')).toContain('miss default a A tag of the entry was invalidated')
    expect(await inspect('a')).toContain('t tag invalidated')
    expect(await inspect('b')).toContain('There is no entry.')
  })

  test('are counted by tag before they are invalidated, which changes nothing', async () => {
    const { cache, browser } = bench()
    await browser.logIn()
    const mail = cache.namespace('mail')
    for (let i = 0; i < 5; i++) await mail.set(`m${i}`, i, { tags: ['all', `odd:${i % 2}`] })
    const form = { namespace: 'default/mail', tags: 'odd:0\r\nodd:0\n ' }

    const counted = await (await browser.post('/ops/invalidate', { ...form, do: 'count' })).text()
    expect(panelText(counted, 'invalidate')).toContain(
      '3 entries in default/mail with this tag, out of all 5 entries. Nothing was changed.',
    )
    expect(await mail.get('m0')).toBe(0)
    const done = await browser.post('/ops/invalidate', { ...form, do: 'invalidate' })

    expect(done.headers.get('location')).toBe('keys?told=invalidated')
    expect([await mail.get('m0'), await mail.get('m1')]).toEqual([undefined, 1])
  })

  test.each([
    ['inspect', { namespace: 'other', key: 'a' }],
    ['inspect', { namespace: 'default', key: '' }],
    ['invalidate', { namespace: 'default', tags: ' ', do: 'count' }],
    ['invalidate', { namespace: 'default', tags: 't'.repeat(300), do: 'invalidate' }],
    ['delete-key', { namespace: '', key: 'a' }],
  ] as [string, Record<string, string>][])(
    '%s says what is wrong with %o',
    async (form, fields) => {
      const { browser } = bench()
      await browser.logIn()

      const response = await browser.post(`/ops/${form}`, fields)

      expect(response.status).toBe(400)
      const page = await response.text()
      expect(page).toContain('class="message bad" role="status"')
      // What was typed is not to be typed again.
      if (form === 'inspect')
        expect(page).toMatch(RegExp(`name="key"[^>]*value="${fields['key']}"`))
      else expect(page).toContain(`${fields['tags'] ?? ''}</textarea>`)
    },
  )
})
