/**
 * Durations as users write them (`'30s'`, `'medium'`, `1_500`) turned into milliseconds.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'

/** A lifetime given by name instead of a number. */
export type TtlClass = 'short' | 'medium' | 'long' | 'veryLong'

/** What each class stands for, in milliseconds: 5 minutes, 1 hour, 24 hours, 7 days. */
export const TTL_CLASSES: Readonly<Record<TtlClass, number>> = Object.freeze({
  short: 300_000,
  medium: 3_600_000,
  long: 86_400_000,
  veryLong: 604_800_000,
})

/** Milliseconds, a decimal number with a unit, or a class. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | TtlClass

/** Bounds of {@link toMilliseconds}, inclusive, in milliseconds. */
export interface DurationRange {
  /** @default 0 */
  readonly min?: number
  /** @default 315_360_000_000 (10 years of 365 days) */
  readonly max?: number
}

const TEN_YEARS_MS = 315_360_000_000
const WRITTEN = /^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)$/
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads a duration, rounded to whole milliseconds.
 *
 * @param option Dotted path of the option, for the error.
 * @throws {InvalidOptionError} When `value` is not a duration, or is outside the range.
 */
export function toMilliseconds(
  value: Duration,
  option: string,
  { min = 0, max = TEN_YEARS_MS }: DurationRange = {},
): number {
  const ms = typeof value === 'number' ? value : parse(value)
  // Adding 0 turns -0 into 0.
  if (ms >= min && ms <= max) return Math.round(ms) + 0
  throw new InvalidOptionError(
    option,
    `a duration of ${min} to ${max} ms, as a number or a text such as "90s"`,
  )
}

/** NaN when `text` is not a duration, so that it fails every range. */
function parse(text: unknown): number {
  if (typeof text !== 'string') return Number.NaN
  if (Object.hasOwn(TTL_CLASSES, text)) return TTL_CLASSES[text as TtlClass]
  const [, amount, unit] = WRITTEN.exec(text) ?? []
  return Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
}

/**
 * Spreads a duration evenly over `[ms * (1 - ratio), ms * (1 + ratio)]`, so that entries written
 * together do not expire together.
 *
 * @param ratio From 0 (no change) to 1.
 * @param random A uniform draw from [0, 1).
 * @returns Whole milliseconds, at least 0.
 */
export function jitter(ms: number, ratio: number, random: number): number {
  return Math.max(0, Math.round(ms * (1 + ratio * (2 * random - 1))))
}
