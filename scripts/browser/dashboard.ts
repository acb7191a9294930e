/**
 * Tests the dashboard in a real browser: every panel against what was done to the cache, alerts that start
 * and end, changes by operators, and what must not happen. Needs `npm run build` and Chromium at CHROMIUM, or
 * /usr/bin/chromium. `--screenshots FOLDER` saves each page in both themes, and at 320 px, the width of a
 * 1280 px screen at 400 % zoom.
 *
 * @module
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { check, checkNone, conclude } from './checks.ts'
import { startChromium } from './chromium.ts'
import {
  cutOff,
  emptyCharts,
  excessWidth,
  faint,
  listen,
  unnamed,
} from './dashboard/inspect-page.ts'
import { onWorker } from './dashboard/on-worker.ts'
import { type Bench, EVIL, startBench, TOKEN } from './dashboard/server.ts'
import { startEvilSite } from './sites.ts'

const PAGES = ['overview', 'namespaces', 'jobs', 'alerts', 'keys'] as const
const WAIT_MS = 30_000
const MINUTE = 60_000

const { values } = parseArgs({ options: { screenshots: { type: 'string' } } })

async function main(): Promise<void> {
  const bench = await startBench()
  const evil = await startEvilSite(
    `${bench.origin}/dashboard/delete-key`,
    '<input name="namespace" value="default/mail"><input name="key" value="greeting">',
  )
  const browser = await startChromium()
  try {
    await prepare(bench)
    const context = await open(browser, { viewport: { width: 1_280, height: 800 } })
    const page = await context.newPage()
    const complaints = listen(page, bench.origin)
    await logIn(page, bench)
    await panels(page, bench)
    await changes(page, bench)
    await forgery(context, bench, `http://127.0.0.1:${evil.port}`)
    await live(page, bench)
    checkNone('nothing foreign was asked and nothing complained of', complaints)
    await logOut(page, context, bench)
    await withoutScript(browser, bench)
    await readOnly(browser, bench)
    await looks(browser, bench)
    await forcedColours(browser, bench)
    await onWorker(browser)
  } finally {
    await browser.close()
    evil.server.close()
    bench.close()
  }
}

/** An hour with known figures: 60 look-ups, 45 of them hits. */
async function prepare({ traffic, platform, hotKeys, cache }: Bench): Promise<void> {
  await traffic(20, 10)
  await platform.advance(20 * MINUTE)
  await traffic(25, 5)
  const odd = cache.namespace(EVIL)
  await odd.set(EVIL, { [EVIL]: EVIL }, { tags: [EVIL] })
  await traffic(0, 0)
  await hotKeys.flush()
}

function open(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  return browser.newContext({ colorScheme: 'light', ...options })
}

async function enter(page: Page, bench: Bench, base = 'dashboard'): Promise<void> {
  await page.goto(`${bench.origin}/${base}/login`)
  await page.fill('#token', TOKEN)
  await page.click('button.main')
  await page.waitForURL(`**/${base}/overview`)
}

async function logIn(page: Page, { origin }: Bench): Promise<void> {
  await page.goto(`${origin}/dashboard/alerts`)
  check('who is not logged in is led to the form', page.url().endsWith('/dashboard/login'))
  check(
    'the form has the focus',
    (await page.evaluate(() => document.activeElement?.id)) === 'token',
  )
  checkNone('the form has names for everything', await unnamed(page))
  await page.keyboard.type('a wrong token')
  const [wrong] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.keyboard.press('Enter'),
  ])
  check('a wrong token is refused with 401', wrong.status() === 401)
  await page.waitForSelector('#complaint')
  check('it is told in words', /wrong/.test(await page.innerText('#complaint')))
  const data = await page.evaluate(() =>
    fetch('snapshot.json', { headers: { authorization: 'Bearer wrong' } }).then(
      ({ status }) => status,
    ),
  )
  check('a wrong bearer gets no figures', data === 401)
  await page.keyboard.type(TOKEN)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/dashboard/overview')
  await page.waitForSelector('body[data-ready]')
  check('the right token opens the first page', (await page.innerText('h1')) === 'Overview')
  check('scripts see no cookie', (await page.evaluate(() => document.cookie)) === '')
}

async function go(page: Page, { origin }: Bench, name: string, base = 'dashboard'): Promise<void> {
  await page.goto(`${origin}/${base}/${name}`)
  await page.waitForSelector('h1')
}

const text = (page: Page, selector: string): Promise<string> =>
  page.innerText(selector).then((found) => found.replace(/\s+/g, ' '))

interface Truth {
  readonly summary: {
    readonly lookups: number
    readonly hits: number
    readonly redisCommands: number
  }
  readonly health: { readonly stats: { readonly totalKeys: number } }
}

async function panels(page: Page, bench: Bench): Promise<void> {
  const truth: Truth = await page.evaluate(() => fetch('snapshot.json').then((one) => one.json()))
  check(
    'the figures are those of what was done',
    truth.summary.lookups === 60 && truth.summary.hits === 45,
  )
  await go(page, bench, 'overview')
  check('hit rate', /Hit rate 75 % 60 look-ups/.test(await text(page, '#tile-hit-rate')))
  check(
    'status, circuit, version',
    /ok The cache is healthy\. Circuit closed .*v42/.test(await text(page, '#status')),
  )
  check(
    'hits and misses',
    /Hits in Redis 45 .*Misses 15 No entry 15/.test(await text(page, '#hit-rate')),
  )
  check(
    'round trip',
    /Redis round trip .* ms circuit closed/.test(await text(page, '#tile-round-trip')),
  )
  check('memory and its limit', /Limit 2 MB/.test(await text(page, '#memory')))
  const keys = truth.health.stats.totalKeys.toLocaleString('en')
  check('keys', (await text(page, '#tile-keys')).includes(`Keys ${keys}`))
  check('times', /get p50 .* get p95 .* get p99/.test(await text(page, '#latency .legend')))
  check('no errors, and said so', /No errors/.test(await text(page, '#errors')))
  check('commands and their cost', /\$[\d.]+ a month/.test(await text(page, '#commands')))
  checkNone('every chart is drawn', await emptyCharts(page))
  await page.click('#hit-rate-table summary')
  const rows = await page.locator('#hit-rate-table tbody tr').allInnerTexts()
  check(
    'the table of a chart has the same figures',
    /83\.3 %/.test(rows[0] ?? '') && /66\.7 %/.test(rows[1] ?? ''),
  )
  await page.click('#range-24h')
  check(
    'the day has both parts of the hour',
    /Hit rate 75 % 60 look-ups in the last 24 hours/.test(await text(page, '#tile-hit-rate')),
  )

  await go(page, bench, 'namespaces')
  check(
    'namespaces',
    /default\/mail 60 75 % 0 15 40 ms 1\.8 s/.test(await text(page, '#namespaces')),
  )
  check('keys most read', /default\/mail greeting 45/.test(await text(page, '#hot-keys')))
  check('keys most missed', /default\/mail [\d.]+ 1/.test(await text(page, '#hot-misses')))
  await page.click('#take-census')
  await page.waitForSelector('#namespaces')
  check(
    'what is stored, once it was counted',
    /default\/mail 60 75 % 0 15 40 ms 1\.8 s 16 /.test(await text(page, '#namespaces')),
  )

  await go(page, bench, 'jobs')
  check(
    'jobs, the larger priority first',
    /Mailbox mail 80 waiting .*Answers of models answers 60/.test(await text(page, '#jobs')),
  )
  await go(page, bench, 'alerts')
  check('no alert, and said so', /No active alerts/.test(await text(page, '#alerts')))
  check(
    'rules with how they stand',
    /hit-rate unclear 30 of the 100 .*below 70 % at 75 % 5 min medium/.test(
      await text(page, '#rules'),
    ),
  )
}

async function inspect(page: Page, bench: Bench, namespace: string, key: string): Promise<void> {
  await go(page, bench, 'keys')
  await page.fill('#inspect-namespace', namespace)
  await page.fill('#inspect-key', key)
  await page.click('#inspect button')
  await page.waitForSelector('#inspected')
}

async function changes(page: Page, bench: Bench): Promise<void> {
  const { cache } = bench
  await inspect(page, bench, 'default/mail', 'greeting')
  check(
    'a key: state, tags, value',
    /fresh default\/mail greeting .*all tag unchanged.*"text": "hello"/.test(
      await text(page, '#inspected'),
    ),
  )
  await inspect(page, bench, cache.namespace(EVIL).path, EVIL)
  check(
    'markup in keys, tags and values is shown as it is',
    (await text(page, '#inspected')).includes(EVIL),
  )
  check('and does nothing', !(await page.title()).includes('taken'))

  await page.fill('#invalidate-namespace', 'default/mail')
  await page.fill('#tags', 'all')
  await page.click('button[value=count]')
  await page.waitForSelector('#counted')
  check(
    'a count before an invalidation',
    /1 entry in default\/mail with this tag, out of all 16/.test(await text(page, '#counted')),
  )
  check('which changes nothing', (await cache.namespace('mail').get('greeting')) !== undefined)
  await page.click('button[value=invalidate]')
  await page.waitForSelector('.message.good')
  check('an invalidation', (await cache.namespace('mail').get('greeting')) === undefined)
  await inspect(page, bench, 'default/mail', 'greeting')
  check(
    'and why the key is a miss now',
    /miss .*A tag of the entry was invalidated.*all tag invalidated/.test(
      await text(page, '#inspected'),
    ),
  )
  await cache.namespace('mail').set('greeting', 1)
  await page.click('#delete-key')
  await page.waitForSelector('.message.good')
  check('a deletion', !(await cache.namespace('mail').has('greeting')))
  await go(page, bench, 'jobs')
  await page.click('#run-answers')
  await page.waitForSelector('.message.good')
  check('a job that is run by hand, and no other', bench.runs.join() === 'answers')
  await bench.platform.advance(2_000)
  await go(page, bench, 'jobs')
  check(
    'and how it ended',
    /Answers of models answers 60 waiting .* complete 2 s ago 42/.test(await text(page, '#jobs')),
  )
}

async function forgery(context: BrowserContext, { cache }: Bench, evil: string): Promise<void> {
  await cache.namespace('mail').set('greeting', 1)
  const page = await context.newPage()
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.goto(evil),
  ])
  check(
    `a form of another origin is refused (${answer.status()})`,
    [401, 403].includes(answer.status()),
  )
  check('and changes nothing', await cache.namespace('mail').has('greeting'))
  await page.close()
}

/** Advances the clock until the page has updated itself. */
async function until(
  page: Page,
  bench: Bench,
  selector: string,
  pattern: RegExp,
): Promise<boolean> {
  const giveUpAt = Date.now() + WAIT_MS
  while (Date.now() < giveUpAt) {
    await bench.platform.advance(1_000)
    const found = await text(page, selector).catch(() => '')
    if (pattern.test(found)) return true
    await page.waitForTimeout(250)
  }
  return false
}

async function live(page: Page, bench: Bench): Promise<void> {
  await go(page, bench, 'overview')
  await page.click('#hit-rate-table summary')
  await page.focus('#nav-alerts')
  await bench.traffic(60, 0)
  check(
    'a page brings itself up to date',
    await until(page, bench, '#tile-hit-rate', /12[0-9] look-ups/),
  )
  check(
    'the focus stays where it was',
    (await page.evaluate(() => document.activeElement?.id)) === 'nav-alerts',
  )
  check(
    'what was opened stays open',
    await page.locator('#hit-rate-table').evaluate((one) => (one as HTMLDetailsElement).open),
  )
  checkNone('charts are still drawn', await emptyCharts(page))

  await page.focus('.skip')
  await page.keyboard.press('Enter')
  check(
    'the keyboard skips to the figures',
    (await page.evaluate(() => document.activeElement?.id)) === 'main',
  )
  await page.focus('#nav-overview')
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/alerts')
  check('and walks the navigation', (await page.innerText('h1')) === 'Alerts')

  for (let i = 0; i < 7; i++) {
    await bench.traffic(10, 60)
    await bench.monitor.performHealthCheck()
    await bench.platform.advance(MINUTE)
  }
  await bench.traffic(10, 60)
  check(
    'an alert begins on a page that is open',
    await until(page, bench, '#alerts', /medium The hit rate is low/),
  )
  check('with its number in the navigation', /Alerts 1/.test(await text(page, '#top')))
  check('and the status with it', /degraded/.test(await text(page, '#top')))
  await bench.platform.advance(6 * MINUTE)
  await bench.traffic(400, 0)
  check('it ends by itself', await until(page, bench, '#alerts', /No active alerts/))

  await page.click('#pause')
  check('updates can be paused', (await page.innerText('#pause')) === 'Resume')
  await page.click('#pause')
  let isHanging = true
  await page.route('**/alerts', (route) => (isHanging ? undefined : route.continue()))
  await page.waitForSelector('#offline:not([hidden])', { timeout: WAIT_MS })
  check('a dashboard that hangs is told', /cannot be reached/.test(await text(page, '#offline')))
  isHanging = false
  await page.waitForSelector('#offline', { state: 'hidden', timeout: WAIT_MS })
  check('and that it goes on', (await text(page, '#offline')) === '')
  await page.unroute('**/alerts')
  bench.isAway = true
  check('a Redis that goes away is told', await until(page, bench, '#top', /down/))
  await go(page, bench, 'overview')
  check('and why there are no figures', /Redis does not answer/.test(await text(page, '#figures')))
  bench.isAway = false
  check(
    'and when it is back',
    (await until(page, bench, '#status', /Circuit closed/)) &&
      (await until(page, bench, '#hit-rate', /Misses/)),
  )
}

async function logOut(page: Page, context: BrowserContext, { origin }: Bench): Promise<void> {
  const other = await context.newPage()
  await other.goto(`${origin}/dashboard/overview`)
  await page.click('#log-out')
  await page.waitForURL('**/login')
  await other.waitForSelector('#offline:not([hidden])', { timeout: WAIT_MS })
  check(
    'a page that is open elsewhere says that it is logged out',
    /logged out/.test(await text(other, '#offline')),
  )
  await other.close()
}

async function withoutScript(browser: Browser, bench: Bench): Promise<void> {
  const context = await open(browser, { javaScriptEnabled: false })
  const page = await context.newPage()
  await enter(page, bench)
  check(
    'without JavaScript: logging in, and the numbers',
    /Hit rate [\d.]+ % [\d,]+ look-ups/.test(await text(page, '#tile-hit-rate')),
  )
  await page.click('#hit-rate-table summary')
  check(
    'and the figures of charts',
    (await page.locator('#hit-rate-table tbody tr').first().innerText()).includes('%'),
  )
  check('and no empty frame of one', !(await page.locator('#hit-rate-plot').isVisible()))
  await inspect(page, bench, 'default/mail', 'greeting')
  check('and forms', /greeting/.test(await text(page, '#inspected')))
  await context.close()
}

async function readOnly(browser: Browser, bench: Bench): Promise<void> {
  const context = await open(browser, {})
  const page = await context.newPage()
  await enter(page, bench, 'read-only')
  for (const name of PAGES) {
    await go(page, bench, name, 'read-only')
    check(
      `read-only: ${name} has no button that changes something`,
      (await page.locator('button.danger, [action=run-job], [action=resolve-alert]').count()) === 0,
    )
  }
  await context.close()
}

async function looks(browser: Browser, bench: Bench): Promise<void> {
  await longNames(bench)
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1_280, 320]) {
      const context = await open(browser, { colorScheme, viewport: { width, height: 800 } })
      const page = await context.newPage()
      const complaints = listen(page, bench.origin)
      await page.goto(`${bench.origin}/dashboard/login`)
      await look(page, `${colorScheme}-${width}-login`)
      await enter(page, bench)
      for (const name of PAGES) {
        if (name === 'keys') await inspect(page, bench, 'default/mail', 'greeting')
        else await go(page, bench, name)
        await page.waitForSelector('body[data-ready]')
        if (name === 'keys' && width === 320) {
          check('what is stored is in view', await page.evaluate(() => scrollY > 0))
        }
        await look(page, `${colorScheme}-${width}-${name}`)
      }
      checkNone(`${colorScheme}, ${width} px: no complaint`, complaints)
      await context.close()
    }
  }
}

/** If the system overrides colours, as in high-contrast modes, states must not be shown by colour alone. */
async function forcedColours(browser: Browser, bench: Bench): Promise<void> {
  const context = await open(browser, { forcedColors: 'active' })
  const page = await context.newPage()
  await enter(page, bench)
  const looksOf = (selector: string): Promise<string[]> =>
    page.locator(selector).evaluateAll((all) =>
      all.map((one) => {
        const { backgroundColor, borderBottomColor, outlineStyle } = getComputedStyle(one)
        return [backgroundColor, borderBottomColor, outlineStyle].join()
      }),
    )
  for (const [what, shown] of [
    ['the page that is open', '.top nav a'],
    ['the stretch of time', '.ranges a'],
  ] as const) {
    const current = await looksOf(`${shown}[aria-current]`)
    const others = await looksOf(`${shown}:not([aria-current])`)
    check(`in forced colours ${what} is told`, !others.includes(current[0] ?? ''))
  }
  const keys = await looksOf('#hit-rate .key')
  check('and lines have the colours of their names', new Set(keys).size === keys.length)
  await context.close()
}

/** Long names without break opportunities, in every list of names. */
async function longNames({ cache, traffic, hotKeys, platform }: Bench): Promise<void> {
  const long = cache.namespace('n'.repeat(64))
  for (let i = 0; i < 600; i++) await long.getOrSet('k'.repeat(300) + i, () => i)
  for (let i = 0; i < 600; i++) await long.get(`${'k'.repeat(300)}0`)
  await traffic(0, 0)
  await hotKeys.flush()
  await platform.advance(MINUTE)
}

async function look(page: Page, name: string): Promise<void> {
  const wider = await excessWidth(page)
  checkNone(`${name}: fits, has names, can be read`, [
    ...(wider > 0 ? [`${wider} px too wide`] : []),
    ...(await cutOff(page)),
    ...(await unnamed(page)),
    ...(await faint(page)),
  ])
  if (values.screenshots === undefined) return
  mkdirSync(values.screenshots, { recursive: true })
  await page.screenshot({ path: join(values.screenshots, `${name}.png`), fullPage: true })
}

await main()
conclude('The dashboard holds in the browser')
