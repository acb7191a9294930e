import { describe, expect, test } from 'vitest'
import { type RuleId, type RuleOptions, resolveRules } from '../../../src/monitor/rules.ts'

const endOf = (id: RuleId, options: RuleOptions): number | undefined =>
  resolveRules({ [id]: options }).find((rule) => rule.id === id)?.resolvesAt

describe('resolveRules', () => {
  test.each<[RuleId, number, number]>([
    ['memory', 50, 45],
    ['latency', 200, 180],
    ['hit-rate', 80, 85],
  ])('%s with firesAt %d ends as far from it as by default, at %d', (id, firesAt, end) => {
    expect(endOf(id, { firesAt })).toBe(end)
  })

  test.each<[RuleId, number, number]>([
    ['error-rate', 1, 0.5],
    ['latency', 20, 10],
    ['connection', 0.5, 0.25],
    ['hit-rate', 98, 99],
    ['memory', 0, 0],
  ])('%s with firesAt %d ends at a value that can be reached, %d', (id, firesAt, end) => {
    expect(endOf(id, { firesAt })).toBe(end)
  })

  test.each<[RuleId, RuleOptions]>([
    ['error-rate', { firesAt: 1, resolvesAt: -1 }],
    ['hit-rate', { resolvesAt: 101 }],
    ['memory', { firesAt: -1 }],
    ['latency', { minSamples: Number.NaN }],
  ])('refuses %s with %j', (id, options) => {
    expect(() => resolveRules({ [id]: options })).toThrow(`Option "rules.${id}" must be`)
  })

  test('refuses a misspelled setting, which would leave the rule as it is', () => {
    expect(() => resolveRules({ 'hit-rate': { fireAt: 50 } } as never)).toThrow(
      'Option "rules.hit-rate.fireAt" must be left out',
    )
  })
})
