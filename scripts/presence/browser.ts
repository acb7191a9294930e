/**
 * Scenarios in Chromium: the page `/presence`, on which windows with pusher-js see each other.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { freePort } from '../../test/support/free-port.ts'
import { startChromium } from '../browser/chromium.ts'
import { startWorker } from '../demo/worker-process.ts'
import type { Ledger } from './ledger.ts'

const WAIT_MS = 20_000

/** Two windows, a second tab of one, a reload, waving, and leaving. */
export async function browser(ledger: Ledger, screenshots: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-presence-page-'))
  const worker = await startWorker({
    directory: folder,
    token: randomBytes(24).toString('base64url'),
    mode: 'on',
    port: await freePort(),
    vars: { REALTIME_APPS: 'demo' },
  })
  const chrome = await startChromium()
  try {
    await windows({ ledger, chrome, origin: worker.origin, screenshots })
  } catch (error) {
    console.error(error)
    ledger.check('the scenarios in Chromium end', false)
  } finally {
    await chrome.close()
    await worker.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Scene {
  readonly ledger: Ledger
  readonly chrome: Browser
  readonly origin: string
  readonly screenshots: string | undefined
}

async function windows(scene: Scene): Promise<void> {
  const { ledger, chrome, origin } = scene
  const problems: string[] = []
  const open = async (path: string, theme: 'light' | 'dark'): Promise<Page> => {
    const context = await chrome.newContext({
      colorScheme: theme,
      viewport: { width: 720, height: 760 },
    })
    const page = await context.newPage()
    page.on('console', (line) => {
      if (line.type() === 'error') problems.push(line.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(origin)) problems.push(request.url())
    })
    await page.goto(`${origin}${path}`)
    await page.waitForSelector('#people li', { timeout: WAIT_MS })
    return page
  }

  const one = await open('/presence?as=a-1&name=Ada', 'light')
  ledger.check('a window is alone', /Only you are here/.test(await one.innerText('#summary')))
  await shoot(one, 'alone', scene)
  const other = await open('/presence?as=g-1&name=Grace', 'dark')
  await holds(ledger, 'it sees another join', one, () => {
    const people = [...document.querySelectorAll('#people b')].map((name) => name.textContent)
    return people.join() === 'Ada,Grace' && /Grace joined/.test(document.body.innerText)
  })
  await other.click('#wave')
  await holds(ledger, 'it sees the other wave', one, () =>
    /Grace waves/.test(document.querySelector('#log')?.textContent ?? ''),
  )
  const tab = await open('/presence?as=g-1&name=Grace', 'light')
  ledger.check(
    'a second tab of the same person is the same person',
    (await tab.locator('#people li').count()) === 2,
  )
  await shoot(one, 'two-light', scene)
  await shoot(other, 'two-dark', scene)
  await tab.reload()
  await tab.waitForSelector('#people li')
  await tab.close()
  await other.reload()
  await other.waitForSelector('#people li')
  const log = await one.innerText('#log')
  ledger.check(
    'reloading and closing a tab is nothing to the first window',
    !/left/.test(log) && log.match(/joined/g)?.length === 1,
  )
  await other.close()
  await holds(ledger, 'it sees the other leave when the last window is closed', one, () =>
    /Grace left/.test(document.querySelector('#log')?.textContent ?? ''),
  )
  ledger.check('and is alone again', (await one.locator('#people li').count()) === 1)
  await shoot(one, 'left', scene)
  for (const problem of problems) console.log(`    ${problem}`)
  ledger.check(
    'nothing was refused by the policy, and nobody else was asked',
    problems.length === 0,
  )
}

async function holds(ledger: Ledger, what: string, page: Page, test: () => boolean): Promise<void> {
  const outcome = page.waitForFunction(test, undefined, { timeout: WAIT_MS })
  ledger.check(
    what,
    await outcome.then(
      () => true,
      () => false,
    ),
  )
}

async function shoot(page: Page, name: string, { screenshots }: Scene): Promise<void> {
  if (screenshots === undefined) return
  mkdirSync(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}
