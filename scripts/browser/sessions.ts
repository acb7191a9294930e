/**
 * Tests sessions in a real browser: the Worker under `wrangler dev`, Chromium with the profiles of two
 * devices, and pages of other origins that try to act for the user. Needs `npm run build` and Chromium at
 * CHROMIUM, or /usr/bin/chromium. `--screenshots FOLDER` saves what the user sees.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { freePort } from '../../test/support/free-port.ts'
import { type RunningWorker, startWorker } from '../demo/worker-process.ts'
import { check, conclude } from './checks.ts'
import { startChromium } from './chromium.ts'
import { listen } from './dashboard/inspect-page.ts'
import { startEvilSite } from './sites.ts'

/** Short, so that the test can wait for it. */
const FAST_PATH_MS = 3_000
/** The fast path plus the clock skew that the cache allows for. */
const BOUND_MS = FAST_PATH_MS + 5_000
const WAIT_MS = 15_000
const DEVICES = {
  laptop:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1',
}

const { values } = parseArgs({ options: { screenshots: { type: 'string' } } })
const folder = mkdtempSync(join(tmpdir(), 'nearcache-browser-'))

async function main(): Promise<void> {
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    const worker = await startWorker({
      directory: folder,
      token: randomBytes(24).toString('base64url'),
      mode: 'on',
      port: await freePort(),
      vars: {
        DEMO_LOGIN: 'on',
        SESSION_KEYS: `k1:${randomBytes(32).toString('hex')}`,
        SESSION_FAST_PATH: `${FAST_PATH_MS}ms`,
      },
    })
    closing.unshift(() => worker.stop())
    const browser = await startChromium()
    closing.unshift(() => browser.close())
    const evil = await startEvilSite(`${worker.origin}/sessions/revoke-others`)
    closing.unshift(() => evil.server.close())
    await twoDevices(browser, worker, evil.port)
  } finally {
    for (const close of closing) await close()
  }
}

async function twoDevices(
  browser: Browser,
  { origin }: RunningWorker,
  evil: number,
): Promise<void> {
  const laptop = await device(browser, DEVICES.laptop)
  const phone = await device(browser, DEVICES.phone)

  const onLaptop = await open(laptop, origin)
  await shoot(onLaptop, 'log-in')
  await wrongPassword(onLaptop)
  await logIn(onLaptop)
  await inspectCookies(laptop, onLaptop, origin)
  const onPhone = await open(phone, origin)
  await logIn(onPhone)
  await onLaptop.reload()
  await onLaptop.waitForSelector('li:nth-child(2)')
  const lines = await onLaptop.locator('li').allInnerTexts()
  check(
    'two devices are listed, by their names',
    lines.length === 2 && /Safari on iPhone/.test(lines[1] ?? ''),
  )
  check(
    'this device is marked',
    /Chrome on Linux/.test(lines[0] ?? '') && /This device/.test(lines[0] ?? ''),
  )
  await shoot(onLaptop, 'two-devices')

  await forgeries(laptop, onLaptop, origin, evil)
  await revoke(onLaptop, onPhone, phone, origin)
  await logOut(laptop, onLaptop)
  await laptop.close()
  await phone.close()
}

async function wrongPassword(page: Page): Promise<void> {
  await page.fill('input[name=password]', 'guess')
  await page.click('#log-in button')
  await page.waitForSelector('#message:not([hidden])')
  check('a wrong password is refused in words', /wrong/.test(await page.innerText('#message')))
  await shoot(page, 'wrong-password')
  await page.fill('input[name=password]', 'engine')
}

async function inspectCookies(context: BrowserContext, page: Page, origin: string): Promise<void> {
  const me = await page.evaluate(() => fetch('/me').then((response) => response.json()))
  check('/me says who is asking', me.userId === 'demo-ada')
  const cookies = await context.cookies(origin)
  const named = Object.fromEntries(cookies.map((cookie) => [cookie.name, cookie]))
  const both = [named['__Host-session'], named['__Host-session-fast']]
  check(
    'the session has its cookie, and one for the fast path',
    both.every(Boolean) && cookies.length === 2,
  )
  check(
    'both are Secure, HttpOnly, SameSite=Lax and of the whole site',
    both.every((one) => one?.secure && one.httpOnly && one.sameSite === 'Lax' && one.path === '/'),
  )
  check('scripts see neither', (await page.evaluate(() => document.cookie)) === '')
  const again = await page.evaluate(() => fetch('/me').then((response) => response.json()))
  check('the next request does without Redis', again.isFresh === false)
}

/** Pages of another site, and of another origin of the same site, send forms that the user did not intend. */
async function forgeries(
  context: BrowserContext,
  own: Page,
  origin: string,
  evil: number,
): Promise<void> {
  for (const [what, host] of [
    ['another site', 'localhost'],
    ['another port of the same site', '127.0.0.1'],
  ] as const) {
    const page = await context.newPage()
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().startsWith(`${origin}/sessions`)),
      page.goto(`http://${host}:${evil}/`),
    ])
    check(
      `a form of ${what} changes nothing (${answer.status()})`,
      [401, 403].includes(answer.status()),
    )
    if (host === '127.0.0.1') {
      check('there the cookie was sent, and the middleware refused', answer.status() === 403)
    }
    await page.close()
  }
  const count = await own.evaluate(() =>
    fetch('/sessions').then(async (response) => (await response.json()).sessions.length),
  )
  check('both devices are still signed in', count === 2)
}

async function revoke(
  onLaptop: Page,
  onPhone: Page,
  phone: BrowserContext,
  origin: string,
): Promise<void> {
  // Gives the phone the newest possible fast-path token.
  await onPhone.evaluate(() => fetch('/sessions'))
  await onLaptop.click('li:nth-child(2) button')
  await onLaptop.waitForFunction(() => document.querySelectorAll('li').length === 1)
  const revokedAt = Date.now()
  await shoot(onLaptop, 'revoked')
  const focused = onLaptop.waitForFunction(() => document.activeElement?.id === 'message')
  const isFocused = await focused.then(Boolean, () => false)
  check('the keyboard goes on from the message', isFocused)
  const fresh = await onPhone.evaluate(() =>
    fetch('/sessions/current').then(({ status }) => status),
  )
  check('a sensitive route refuses the other device at once', fresh === 401)

  let isIn = true
  let outAfterMs = 0
  while (isIn && Date.now() - revokedAt < WAIT_MS) {
    isIn = await onPhone.evaluate(() => fetch('/me').then(({ ok }) => ok))
    outAfterMs = Date.now() - revokedAt
    await onPhone.waitForTimeout(100)
  }
  check(
    `the other device is out after ${outAfterMs} ms, within ${BOUND_MS} ms`,
    !isIn && outAfterMs <= BOUND_MS,
  )
  await onPhone.waitForSelector('#log-in:not([hidden])', { timeout: WAIT_MS })
  await shoot(onPhone, 'signed-out')
  check('its page says so', /another device/.test(await onPhone.innerText('#message')))
  const copied = (await phone.cookies(origin)).find(({ name }) => name === '__Host-session')
  const replay = await fetch(`${origin}/me`, {
    headers: { authorization: `Bearer ${copied?.value}` },
  })
  check('a copy of its token opens nothing', copied !== undefined && replay.status === 401)
}

async function logOut(context: BrowserContext, page: Page): Promise<void> {
  await page.click('#log-out')
  await page.waitForSelector('#log-in:not([hidden])')
  check('logging out takes the cookies away', (await context.cookies()).length === 0)
}

async function device(browser: Browser, userAgent: string): Promise<BrowserContext> {
  const isPhone = userAgent.includes('iPhone')
  const viewport = isPhone ? { width: 390, height: 844 } : { width: 1_100, height: 760 }
  return browser.newContext({ userAgent, viewport, colorScheme: isPhone ? 'dark' : 'light' })
}

async function open(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage()
  const complaints = listen(page, origin)
  await page.goto(`${origin}/login`)
  await page.waitForSelector('body[data-ready]')
  check('the page loads without a complaint, and asks nobody else', complaints.length === 0)
  return page
}

async function logIn(page: Page): Promise<void> {
  await page.click('#log-in button')
  await page.waitForSelector('#devices:not([hidden])')
}

async function shoot(page: Page, name: string): Promise<void> {
  if (values.screenshots === undefined) return
  mkdirSync(values.screenshots, { recursive: true })
  await page.screenshot({ path: join(values.screenshots, `${name}.png`) })
}

await main()
conclude('Sessions hold in the browser')
