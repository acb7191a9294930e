import { expect, test } from 'vitest'
import { bench, panelText } from './bench.ts'

test('values show maps, sets, and an object that is inside itself', async () => {
  const { cache, browser } = bench({ values: 'shown' })
  await browser.logIn()
  const team = { members: new Map([['ada', new Set(['admin'])]]), self: {} }
  team.self = team
  await cache.set('team', team)

  const response = await browser.post('/ops/inspect', { namespace: 'default', key: 'team' })

  expect(response.status).toBe(200)
  const text = panelText(await response.text(), 'inspected')
  expect(text).toMatch(/"members": \[ \[ "ada", \[ "admin" \] \] \], "self": "\[Circular\]"/)
})
