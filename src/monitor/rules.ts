/**
 * Decides when an alert begins and ends. Pure: the caller supplies the figures and the time.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Summary } from './summary.ts'

/** What an alert is about. */
export type AlertType = 'performance' | 'memory' | 'connectivity' | 'error'

/** How bad it is. */
export type Severity = 'low' | 'medium' | 'high' | 'critical'

/** Names of the rules: an alert has the id of its rule. */
export type RuleId = 'hit-rate' | 'memory' | 'latency' | 'error-rate' | 'connection'

/** What the rules are tested against, as found by a check. */
export interface Evidence {
  /** Figures of the window. `undefined` if they could not be read. */
  readonly summary: Summary | undefined
  /** Bytes that Redis uses; `undefined` if it did not report them. */
  readonly memoryBytes: number | undefined
  /** Bytes that Redis may use: the option `memoryLimitBytes`, otherwise what Redis reports. */
  readonly memoryLimitBytes: number | undefined
  /** Checks in a row that Redis has not answered, this one included. */
  readonly failedChecks: number
  readonly isCircuitClosed: boolean
}

/** What a rule measures: a value, or why there is none. */
export type Measurement =
  | { readonly kind: 'value'; readonly value: number; readonly samples: number }
  | { readonly kind: 'inactive'; readonly reason: string }

/** One rule, complete. */
export interface Rule {
  readonly id: RuleId
  readonly type: AlertType
  readonly severity: Severity
  /** Which side of the thresholds is bad. */
  readonly bad: 'below' | 'above'
  /** Beyond this the alert begins. */
  readonly firesAt: number
  /** Here the alert ends: on the good side of `firesAt`, so that it does not begin and end with every check. */
  readonly resolvesAt: number
  /** How long the value has to be bad before the alert begins, in milliseconds. */
  readonly forMs: number
  /** With fewer samples the rule is not evaluated. */
  readonly minSamples: number
  readonly unit: '%' | 'ms' | 'checks'
  readonly what: string
  measure(evidence: Evidence): Measurement
}

/** The settings of a rule. */
export interface RuleOptions {
  /** The alert begins beyond this, in the unit of the rule. @default that of the rule */
  readonly firesAt?: number
  /**
   * The alert ends when the value is back at this.
   * @default as far from `firesAt` as that of the rule, but at most half way to the best possible value
   */
  readonly resolvesAt?: number
  /** How long the value has to be bad before the alert begins. @default that of the rule */
  readonly for?: Duration
  /** With fewer samples the rule is not evaluated. @default that of the rule */
  readonly minSamples?: number
  /** The severity of the alert. @default that of the rule */
  readonly severity?: Severity
}

/** Settings by the id of the rule; `false` turns the rule off. */
export type RulesOptions = { readonly [id in RuleId]?: RuleOptions | false }

const value = (measured: number | undefined, samples: number, reason: string): Measurement =>
  measured === undefined
    ? { kind: 'inactive', reason }
    : { kind: 'value', value: measured, samples }

const percent = (share: number | undefined): number | undefined =>
  share === undefined ? undefined : 100 * share

const NO_FIGURES = 'the figures cannot be read'
const NO_SAMPLES = 'nothing was measured'

const DEFAULT_RULES: readonly Rule[] = [
  {
    id: 'connection',
    type: 'connectivity',
    severity: 'critical',
    bad: 'above',
    // Three checks without an answer, or one that finds the circuit open.
    firesAt: 2.5,
    resolvesAt: 0.5,
    forMs: 0,
    minSamples: 0,
    unit: 'checks',
    what: 'Redis does not answer',
    measure: ({ failedChecks, isCircuitClosed }) => ({
      kind: 'value',
      value: isCircuitClosed ? failedChecks : Math.max(3, failedChecks),
      samples: 1,
    }),
  },
  {
    id: 'error-rate',
    type: 'error',
    severity: 'high',
    bad: 'above',
    firesAt: 5,
    resolvesAt: 3,
    forMs: 60_000,
    minSamples: 50,
    unit: '%',
    what: 'The error rate is high',
    measure: ({ summary }) =>
      summary
        ? value(percent(summary.errorRate), summary.lookups + summary.sets, NO_SAMPLES)
        : { kind: 'inactive', reason: NO_FIGURES },
  },
  {
    id: 'memory',
    type: 'memory',
    severity: 'high',
    bad: 'above',
    firesAt: 85,
    resolvesAt: 80,
    forMs: 0,
    minSamples: 0,
    unit: '%',
    what: 'The memory of Redis runs out',
    measure: ({ memoryBytes, memoryLimitBytes }) => {
      if (memoryBytes === undefined)
        return { kind: 'inactive', reason: 'Redis does not tell its memory' }
      if (!memoryLimitBytes)
        return { kind: 'inactive', reason: 'no limit is set, and Redis has none' }
      return { kind: 'value', value: (100 * memoryBytes) / memoryLimitBytes, samples: 1 }
    },
  },
  {
    id: 'latency',
    type: 'performance',
    severity: 'medium',
    bad: 'above',
    firesAt: 100,
    resolvesAt: 80,
    forMs: 120_000,
    minSamples: 50,
    unit: 'ms',
    what: 'Look-ups are slow (95th percentile)',
    measure: ({ summary }) =>
      summary
        ? value(summary.getMs.p95, summary.getMs.count, NO_SAMPLES)
        : { kind: 'inactive', reason: NO_FIGURES },
  },
  {
    id: 'hit-rate',
    type: 'performance',
    severity: 'medium',
    bad: 'below',
    firesAt: 70,
    resolvesAt: 75,
    forMs: 300_000,
    minSamples: 100,
    unit: '%',
    what: 'The hit rate is low',
    measure: ({ summary }) =>
      summary
        ? value(percent(summary.hitRate), summary.lookups, NO_SAMPLES)
        : { kind: 'inactive', reason: NO_FIGURES },
  },
]

/**
 * The rules, worst first.
 *
 * @throws {InvalidOptionError} When a rule or a setting is unknown, or an alert could never end.
 */
export function resolveRules(options: RulesOptions = {}): readonly Rule[] {
  const unknown = Object.keys(options).find((id) => !DEFAULT_RULES.some((rule) => rule.id === id))
  if (unknown !== undefined) {
    const ids = DEFAULT_RULES.map(({ id }) => id).join(', ')
    throw new InvalidOptionError('rules', `an object with some of: ${ids}`)
  }
  return DEFAULT_RULES.flatMap((rule) => {
    const changes = options[rule.id]
    return changes === false ? [] : [resolveRule(rule, changes ?? {})]
  })
}

function resolveRule(rule: Rule, changes: RuleOptions): Rule {
  const { firesAt = rule.firesAt, minSamples = rule.minSamples, severity = rule.severity } = changes
  const { resolvesAt = endOf(rule, changes.firesAt) } = changes
  const option = `rules.${rule.id}`
  checkFields(changes, option, ['firesAt', 'resolvesAt', 'for', 'minSamples', 'severity'])
  if (![firesAt, resolvesAt, minSamples].every(Number.isFinite)) {
    throw new InvalidOptionError(option, 'given with numbers as thresholds')
  }
  const [least, most] = rule.bad === 'below' ? [firesAt, BEST.below] : [BEST.above, firesAt]
  if (resolvesAt < least || resolvesAt > most) {
    throw new InvalidOptionError(
      option,
      'given with a resolvesAt on the good side of firesAt, which a value can reach',
    )
  }
  const forMs =
    changes.for === undefined ? rule.forMs : toMilliseconds(changes.for, `${option}.for`)
  return { ...rule, firesAt, resolvesAt, minSamples, severity, forMs }
}

/** The best values: of rules that are bad below a threshold (all in percent), and of those bad above. */
const BEST = { below: 100, above: 0 } as const

/** As far from the threshold as by default, but at most half way to the best value, so that it is reached. */
function endOf(rule: Rule, firesAt: number | undefined): number {
  if (firesAt === undefined) return rule.resolvesAt
  const step = rule.resolvesAt - rule.firesAt
  const half = (BEST[rule.bad] - firesAt) / 2
  return firesAt + (Math.abs(half) < Math.abs(step) ? half : step)
}

/** The state of a rule: since when it has been bad. */
export interface RuleState {
  readonly badSince: number | undefined
}

/** The result of a check for one rule. */
export type Judgement =
  | { readonly kind: 'bad'; readonly value: number; readonly samples: number }
  | { readonly kind: 'good'; readonly value: number }
  /** Neither: between the two thresholds, not bad for long enough, or too few samples. */
  | { readonly kind: 'unclear'; readonly reason: string }

/** A rule with its state. */
export interface RuleStatus extends Omit<Rule, 'measure'> {
  /** Since when it has been bad, in epoch milliseconds. */
  readonly badSince: number | undefined
  /** `undefined` before the first check. */
  readonly judgement: Judgement | undefined
}

/** Judges one rule, and returns its new state. */
export function judgeRule(
  rule: Rule,
  evidence: Evidence,
  { badSince }: RuleState,
  now: number,
): { readonly judgement: Judgement; readonly state: RuleState } {
  const measured = rule.measure(evidence)
  if (measured.kind === 'inactive') {
    return {
      judgement: { kind: 'unclear', reason: measured.reason },
      state: { badSince: undefined },
    }
  }
  const { value: found, samples } = measured
  if (samples < rule.minSamples) {
    const reason = `${samples} of the ${rule.minSamples} samples that it takes`
    return { judgement: { kind: 'unclear', reason }, state: { badSince: undefined } }
  }
  const sign = rule.bad === 'below' ? -1 : 1
  if (sign * found > sign * rule.firesAt) {
    const since = badSince ?? now
    const judgement: Judgement =
      now - since >= rule.forMs
        ? { kind: 'bad', value: found, samples }
        : { kind: 'unclear', reason: 'bad, but not for long enough' }
    return { judgement, state: { badSince: since } }
  }
  const isGood = sign * found <= sign * rule.resolvesAt
  return {
    judgement: isGood
      ? { kind: 'good', value: found }
      : { kind: 'unclear', reason: 'between the two thresholds' },
    state: { badSince: undefined },
  }
}
