/**
 * Formats numbers, sizes and times for people. An unknown figure is a dash, never a zero.
 *
 * @module
 */

import { isoTime } from '../entry/iso-time.ts'

/** Shown for an unknown figure. */
export const UNKNOWN = '–'

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const ONE_DIGIT = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const TWO_DIGITS = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

/** `12,345`. */
export function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : WHOLE.format(value)
}

/** `87.5 %` of a value in percent. */
export function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${ONE_DIGIT.format(value)} %`
}

/** `0.42 ms`, `12 ms`, `1.4 s`, `3 min`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return UNKNOWN
  const size = Math.abs(ms)
  if (size < 10) return `${TWO_DIGITS.format(ms)} ms`
  if (size < 1_000) return `${WHOLE.format(ms)} ms`
  if (size < 60_000) return `${ONE_DIGIT.format(ms / 1_000)} s`
  if (size < 3_600_000) return `${ONE_DIGIT.format(ms / 60_000)} min`
  if (size < 172_800_000) return `${ONE_DIGIT.format(ms / 3_600_000)} h`
  return `${ONE_DIGIT.format(ms / 86_400_000)} d`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.2 MB`, by powers of 1,000. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  const power = value < 1_000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3))
  const format = power === 0 ? WHOLE : ONE_DIGIT
  return `${format.format(value / 1_000 ** power)} ${UNITS[power]}`
}

/** `$0.0012`, `$3.40`. */
export function dollars(value: number | undefined): string {
  if (value === undefined) return UNKNOWN
  const digits = value > 0 && value < 0.1 ? 4 : 2
  return `$${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

/** `14:05`, in UTC. */
export function clock(at: number): string {
  return isoTime(at).slice(11, 16)
}

/** `2026-11-25 14:05:09`, in UTC. */
export function dateTime(at: number): string {
  return isoTime(at).slice(0, 19).replace('T', ' ')
}

/** `3 min ago`, `in 2 h`, `now`. */
export function fromNow(at: number, now: number): string {
  const ms = Math.abs(at - now)
  if (ms < 1_000) return 'now'
  const text = duration(
    ms < 60_000 ? Math.round(ms / 1_000) * 1_000 : Math.round(ms / 60_000) * 60_000,
  )
  return at <= now ? `${text} ago` : `in ${text}`
}
