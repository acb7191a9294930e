import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { type ChaosOptions, ChaosPlan } from '../../../src/testing/chaos-plan.ts'
import { found } from '../../support/findings.ts'

type Kind = 'fail' | 'hang' | 'late' | 'skew'
type Call = { readonly name: string }
type Options = ChaosOptions<Kind, Call>

const KINDS = { exclusive: ['fail', 'hang'], besides: ['late', 'skew'] } as const
const CALLS = 10_000

function run(options: Options, calls = CALLS): ChaosPlan<Kind, Call> {
  const plan = new ChaosPlan<Kind, Call>(KINDS, options)
  for (let i = 0; i < calls; i++) plan.next({ name: i % 4 === 0 ? 'read' : 'write' })
  return plan
}

/** Five standard deviations of a share of the calls. */
function bound(rate: number, calls = CALLS): number {
  return 5 * Math.sqrt(rate * (1 - rate) * calls)
}

describe('a chaos plan', () => {
  test('injects each kind at its rate', ({ task }) => {
    const rates = { fail: 0.1, hang: 0.03, late: 0.5, skew: 0.01 }
    const plans = [1, 2, 3, 4, 5].map((seed) => run({ seed, faults: rates }))
    const worst = Math.max(
      ...plans.flatMap(({ counts }) =>
        Object.entries(rates).map(([kind, rate]) => {
          return Math.abs(counts[kind as Kind] - rate * CALLS) / (bound(rate) / 5)
        }),
      ),
    )
    found(task, 'chaos rates', {
      'calls drawn': plans.length * CALLS,
      'standard deviations at worst': worst.toFixed(1),
    })

    expect(worst).toBeLessThan(5)
  })

  test('repeats itself for the same seed, and not for another', () => {
    const faults = { fail: 0.1, late: 0.1 }

    expect(run({ seed: 7, faults }).injected).toEqual(run({ seed: 7, faults }).injected)
    expect(run({ seed: 8, faults }).injected).not.toEqual(run({ seed: 7, faults }).injected)
  })

  test('decides each call by its number: leaving one out changes no other', () => {
    const faults = { fail: 0.2, late: 0.2 }
    const all = run({ faults }).injected
    const pausing = new ChaosPlan<Kind, Call>(KINDS, { faults })
    for (let i = 0; i < CALLS; i++) {
      pausing.enabled = i < 100 || i >= 200
      pausing.next({ name: 'read' })
    }

    expect(pausing.injected).toEqual(all.filter(({ call }) => call <= 100 || call > 200))
  })

  test('injects at most one exclusive kind, and the others in addition', () => {
    const plan = new ChaosPlan<Kind, Call>(KINDS, { faults: { fail: 0.6, hang: 0.4, late: 1 } })

    for (let i = 0; i < 1_000; i++) {
      const fate = plan.next({ name: 'read' })
      expect([fate.has('fail') !== fate.has('hang'), fate.has('late')]).toEqual([true, true])
    }
  })

  test('gives kinds listed later the remaining chance of a call', () => {
    expect(run({ faults: { fail: 1, hang: 1 } }).counts).toMatchObject({ fail: CALLS, hang: 0 })
  })

  test('keeps to the calls that a rule, or the whole plan, chooses', () => {
    const isRead = ({ name }: Call): boolean => name === 'read'
    const byRule = run({ faults: { fail: { when: isRead }, hang: { rate: 0.5 } } })
    const byPlan = run({ faults: { fail: 1 }, when: isRead })

    expect(byRule.counts.fail).toBe(CALLS / 4)
    expect(Math.abs(byRule.counts.hang - CALLS * 0.375)).toBeLessThan(bound(0.375))
    expect(byPlan.counts.fail).toBe(CALLS / 4)
    expect(byPlan.injected.every(({ call }) => call % 4 === 1)).toBe(true)
  })

  test('injects nothing while it is disabled, but counts the calls', () => {
    const plan = run({ enabled: false, faults: { fail: 1, late: 1 } })

    expect(plan.calls).toBe(CALLS)
    expect(plan.injected).toEqual([])
    expect(plan.counts).toEqual({ fail: 0, hang: 0, late: 0, skew: 0 })
    plan.enabled = true
    expect(plan.next({ name: 'read' }).has('fail')).toBe(true)
  })

  test('replays a log, or a part of it, with the same details', () => {
    const { injected } = run({ seed: 3, faults: { fail: 0.1, late: 0.1 } })
    const part = injected.slice(5, 9)

    expect(run({ replay: injected }).injected).toEqual(injected)
    expect(run({ replay: part, seed: 99 }).injected).toEqual(part)
  })

  test('logs a bounded number of injections, and counts them all', () => {
    const plan = run({ faults: { fail: 1 } }, 100_500)

    expect(plan.injected).toHaveLength(100_000)
    expect(plan.counts.fail).toBe(100_500)
  })

  test('logs no more than which call, which kind and a draw', () => {
    const [injection] = run({ faults: { fail: 1 } }, 1).injected

    expect(injection).toEqual({ call: 1, kind: 'fail', draw: expect.any(Number) })
  })

  test.each<[option: string, options: object]>([
    ['faults.fail', { faults: { fail: 1.1 } }],
    ['faults.fail', { faults: { fail: Number.NaN } }],
    ['faults.hang', { faults: { hang: { rate: -1 } } }],
    ['faults', { faults: { explode: 1 } }],
    ['seed', { seed: 0.5 }],
    ['latencyMs', { latencyMs: [5, 1] }],
    ['latencyMs', { latencyMs: [-1, 1] }],
    ['latencyMs', { latencyMs: 5 }],
    ['replay', { replay: [], faults: {} }],
    ['replay', { replay: [{ call: 1, kind: 'explode', draw: 0 }] }],
  ])('refuses a bad %s: %j', (option, options) => {
    expect(() => new ChaosPlan<Kind, Call>(KINDS, options as Options)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})
