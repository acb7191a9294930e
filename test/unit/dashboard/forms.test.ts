import { describe, expect, test } from 'vitest'
import { bench } from './bench.ts'

describe('a form whose answer is below it leads there, on a narrow screen too', () => {
  test.each([
    ['inspect', 'inspected', { key: 'a' }],
    ['invalidate', 'counted', { tags: 't', do: 'count' }],
  ] as [string, string, Record<string, string>][])('%s', async (form, answer, fields) => {
    const { cache, browser } = bench()
    await browser.logIn()
    await cache.set('a', 1, { tags: ['t'] })
    expect(await browser.page('/ops/keys')).toContain(`action="${form}#${answer}"`)

    const response = await browser.post(`/ops/${form}`, { namespace: 'default', ...fields })

    expect(await response.text()).toContain(`id="${answer}"`)
  })

  test('a key of another page', async () => {
    const { cache, hotKeys, browser } = bench()
    await browser.logIn()
    for (let i = 0; i < 50; i++) await cache.get('a')
    await hotKeys.flush()

    expect(await browser.page('/ops/namespaces')).toContain('action="inspect#inspected"')
  })
})
