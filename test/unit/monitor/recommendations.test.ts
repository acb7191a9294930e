import { expect, test } from 'vitest'
import { recommend } from '../../../src/monitor/recommendations.ts'

const NO_MEMORY = { memoryBytes: undefined, memoryLimitBytes: undefined }

const adviceOn = (counters: Readonly<Record<string, number>>): readonly string[] => {
  const one = { counters: new Map(Object.entries(counters)), histograms: new Map() }
  return recommend(new Map([['users', one]]), NO_MEMORY).map(({ id }) => id)
}

test.each<[string, Record<string, number>, string[]]>([
  ['a near tier, where there is none', { hr: 1_100 }, ['near-tier']],
  ['a larger one, where copies are dropped first', { hr: 1_100, ev: 1_100 }, ['larger-near-tier']],
  ['a larger one, where many copies are', { hn: 900, hr: 200, ev: 800 }, ['larger-near-tier']],
  ['nothing, where few are', { hn: 900, hr: 200, ev: 100 }, []],
])('recommends %s', (_what, counters, advice) => {
  expect(adviceOn(counters)).toEqual(advice)
})
