/**
 * Tests the dashboard of the Worker under `wrangler dev`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { freePort } from '../../../test/support/free-port.ts'
import { startWorker } from '../../demo/worker-process.ts'
import { check, checkNone } from '../checks.ts'
import { emptyCharts, listen } from './inspect-page.ts'

/** How long figures of an isolate may take to reach Redis. */
const WAIT_MS = 60_000

export async function onWorker(browser: Browser): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'nearcache-dashboard-'))
  const token = randomBytes(24).toString('base64url')
  const worker = await startWorker({ directory, token, mode: 'on', port: await freePort() })
  try {
    await look(browser, worker.origin, token)
  } finally {
    await worker.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function look(browser: Browser, origin: string, token: string): Promise<void> {
  const page = await browser.newPage()
  const complaints = listen(page, origin)
  await page.goto(`${origin}/dashboard`)
  check('on workerd: the mount leads to the form', page.url() === `${origin}/dashboard/login`)
  await page.fill('#token', token)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/dashboard/overview')
  check('on workerd: the token opens the pages', (await page.innerText('h1')) === 'Overview')
  const headers = { authorization: `Bearer ${token}` }
  const counted = await until(async () => {
    // The tables do not exist here. It is enough that the cache and its loader were called.
    await fetch(`${origin}/analytics`)
    const figures = await (await fetch(`${origin}/metrics`, { headers })).text()
    return /^cache_load_total\{cache="default\/email"/m.test(figures)
  })
  check('on workerd: /metrics has what the routes have done', counted)
  check(
    'on workerd: /metrics refuses who has no token',
    (await fetch(`${origin}/metrics`)).status === 401,
  )
  await page.goto(`${origin}/dashboard/overview`)
  await page.waitForSelector('body[data-ready]')
  checkNone('on workerd: charts are drawn', await emptyCharts(page))
  await page.goto(`${origin}/dashboard/jobs`)
  check('on workerd: the job of the Worker', /Mailbox\s+mail/.test(await page.innerText('#jobs')))
  checkNone('on workerd: no complaint', complaints)
  await page.close()
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const giveUpAt = Date.now() + WAIT_MS
  while (Date.now() < giveUpAt) {
    if (await holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return false
}
