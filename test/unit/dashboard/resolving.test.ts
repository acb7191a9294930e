import { expect, test } from 'vitest'
import { bench, DOWN } from './bench.ts'

test('an alert that Redis holds is not said to have ended while Redis does not answer', async () => {
  const { browser, redis } = bench()
  await browser.logIn()
  const resolve = () => browser.post('/ops/resolve-alert', { id: 'memory' })

  redis.fate = () => DOWN
  const down = await resolve()
  redis.fate = () => ({ kind: 'pass' })
  const up = await resolve()

  expect(down.headers.get('location')).toBe('alerts?told=away')
  expect(up.headers.get('location')).toBe('alerts?told=gone')
})
