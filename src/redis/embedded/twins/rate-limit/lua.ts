/**
 * Numbers as Lua 5.1 in Redis 7.0 parses, writes and returns them, for twins that calculate.
 *
 * @module
 */

import type { Reply } from '../../../requester.ts'
import { CommandError } from '../../command-error.ts'

/** The result of converting a double that does not fit into 64 bits, on the machines that Redis runs on. */
const NO_INTEGER = -(2 ** 63)
/** The texts that C's `strtod` accepts as numbers, with white space around them. */
const NUMBER = /^\s*[+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*$/i
const INFINITE = /^\s*([+-]?)inf(?:inity)?\s*$/i

/** As `tonumber`. Returns undefined instead of nil if the value is not a number. */
export function toNumber(value: Reply | undefined): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  if (NUMBER.test(value)) return signed(value.trim())
  const infinite = INFINITE.exec(value)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Infinity
  return undefined
}

/** Parses a sign before `0x`, which JavaScript does not accept. */
function signed(text: string): number {
  const digits = text.replace(/^[+-]/, '')
  return text.startsWith('-') ? -Number(digits) : Number(digits)
}

/**
 * The value as a number, for an arithmetic operator.
 *
 * @throws {CommandError} When it is not a number; Lua raises an error too.
 */
export function need(value: Reply | undefined): number {
  const number = toNumber(value)
  if (number === undefined)
    throw new CommandError('ERR attempt to calculate with what is no number')
  return number
}

/** As Lua's operator `%`: the result has the sign of the divisor. */
export function modulo(dividend: number, divisor: number): number {
  return dividend - Math.floor(dividend / divisor) * divisor
}

/** Writes a number as an argument of a command, as `%.17g`. */
export function toText(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (value === 0) return '-0'
  const [digits = '', exponent = '0'] = value.toExponential(16).split('e')
  const power = Number(exponent)
  if (power >= 17 || power < -4) {
    const size = String(Math.abs(power)).padStart(2, '0')
    return `${withoutZeros(digits)}e${power < 0 ? '-' : '+'}${size}`
  }
  return withoutZeros(value.toFixed(Math.max(0, 16 - power)))
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}

/** Converts a number to a reply: the fraction is cut off. */
export function toInteger(value: number): number {
  return Math.abs(value) < 2 ** 63 ? Math.trunc(value) + 0 : NO_INTEGER
}

/** Converts a table of numbers to a reply, which ends before the first nil. */
export function toReply(numbers: readonly (number | undefined)[]): Reply {
  const reply: number[] = []
  for (const number of numbers) {
    if (number === undefined) break
    reply.push(toInteger(number))
  }
  return reply
}
