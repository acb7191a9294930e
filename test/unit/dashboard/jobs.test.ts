import { expect, test } from 'vitest'
import { bench, panelText } from './bench.ts'

test('a job that was started by hand is shown as running until it ends', async () => {
  const { warming, platform, browser } = bench()
  await browser.logIn()
  const { promise, resolve } = Promise.withResolvers<number>()
  const job = { name: 'Mailbox', priority: 80, schedule: '0 */6 * * *', handler: () => promise }
  warming.register({ id: 'mail', ...job })
  const state = async (): Promise<string> => {
    await platform.advance(5_000)
    return panelText(await browser.page('/ops/jobs'), 'jobs')
  }

  await browser.post('/ops/run-job', { id: 'mail' })
  expect(await state()).toContain('Mailbox mail 80 running 0 items')

  resolve(42)
  expect(await state()).toContain('Mailbox mail 80 waiting')
})

test('a job that goes on at the next heartbeat is shown as unfinished', async () => {
  const { warming, browser } = bench()
  await browser.logIn()
  const handler = () => ({ count: 7, isComplete: false })
  warming.register({ id: 'mail', name: 'Mailbox', priority: 80, schedule: '0 */6 * * *', handler })

  await warming.runJob('mail')

  const text = panelText(await browser.page('/ops/jobs'), 'jobs')
  expect(text).toContain('Mailbox mail 80 unfinished 7 items')
})
