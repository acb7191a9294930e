/**
 * Parses the numbers in a command's arguments by the rules of Redis, not of JavaScript.
 *
 * @module
 */

import {
  CommandError,
  mustBePositive,
  notAFloat,
  notAnInteger,
  syntaxError,
} from './command-error.ts'

/**
 * A command's words as text, its name first. Typed as at least four words, because handlers run only after
 * the number of arguments has been checked. Handlers read optional words through {@link at}.
 */
export type Argv = readonly [name: string, string, string, string, ...rest: string[]]

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)
/** Integers of at most this many characters are exact in JavaScript. */
const SAFE_DIGITS = 15
const ZERO = 48
const NINE = 57
const MINUS = 45

/** The word at `index`. @throws {CommandError} A syntax error when there is none. */
export function at(argv: readonly string[], index: number): string {
  const word = argv[index]
  if (word === undefined) throw syntaxError()
  return word
}

/** Whether `text` is an integer as Redis writes it: no `+`, no spaces, no leading zero, no `-0`. */
function isCanonicalInteger(text: string): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0
  const digits = text.length - start
  if (digits < 1 || digits > 19) return false
  if (text.charCodeAt(start) === ZERO) return digits === 1 && start === 0
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < ZERO || code > NINE) return false
  }
  return true
}

/** The exact value of a 64-bit integer, or undefined when `text` is not one. */
function toInt64(text: string): bigint | undefined {
  if (!isCanonicalInteger(text)) return undefined
  const value = BigInt(text)
  return value > MAX_INT64 || value < MIN_INT64 ? undefined : value
}

/**
 * Parses a 64-bit integer. Beyond 2^53, the result is the nearest JavaScript number.
 *
 * @throws {CommandError} `error()` when `text` is not one.
 */
export function parseInteger(text: string, error: () => CommandError = notAnInteger): number {
  if (text.length <= SAFE_DIGITS && isCanonicalInteger(text)) return Number(text)
  const value = toInt64(text)
  if (value === undefined) throw error()
  return Number(value)
}

/** Parses an option that is 0 or more. @throws {CommandError} When it is negative, or not an integer. */
export function parseNatural(text: string, option: string): number {
  return parseAtLeast(text, 0, `${option} can't be negative`)
}

/** Parses a count that is 1 or more. @throws {CommandError} When it is less, or not an integer. */
export function parsePositive(text: string, name: string): number {
  return parseAtLeast(text, 1, `${name} should be greater than 0`)
}

function parseAtLeast(text: string, least: number, complaint: string): number {
  const invalid = (): CommandError => new CommandError(`ERR ${complaint}`)
  const value = parseInteger(text, invalid)
  if (value < least) throw invalid()
  return value
}

/**
 * Parses the optional count after the key, in commands that pop.
 *
 * @throws {CommandError} When the count is negative, or not an integer; `tooMany()` when more words follow.
 */
export function parsePopCount(argv: Argv, tooMany: () => CommandError): number | undefined {
  if (argv.length > 3) throw tooMany()
  if (argv.length < 3) return undefined
  const count = parseInteger(argv[2], mustBePositive)
  if (count < 0) throw mustBePositive()
  return count
}

/**
 * Adds two 64-bit integers given as text, exactly.
 *
 * @throws {CommandError} `error()` if `left` is not a 64-bit integer, the error of Redis if `right` is not one
 * or the sum overflows.
 */
export function addIntegers(
  left: string,
  right: string,
  error: () => CommandError = notAnInteger,
): string {
  if (left.length <= SAFE_DIGITS && right.length <= SAFE_DIGITS) {
    if (!isCanonicalInteger(left)) throw error()
    if (!isCanonicalInteger(right)) throw notAnInteger()
    return String(Number(left) + Number(right))
  }
  const addend = toInt64(right)
  if (addend === undefined) throw notAnInteger()
  const base = toInt64(left)
  if (base === undefined) throw error()
  const sum = base + addend
  if (sum > MAX_INT64 || sum < MIN_INT64) {
    throw new CommandError('ERR increment or decrement would overflow')
  }
  return sum.toString()
}

/** The negative of a 64-bit integer given as text. */
export function negateInteger(text: string): string {
  const value = toInt64(text)
  if (value === undefined) throw notAnInteger()
  if (value === MIN_INT64) throw new CommandError('ERR decrement would overflow')
  return (-value).toString()
}

const INFINITY_WORD = /^[+-]?inf(?:inity)?$/i
/** The decimals that C's `strtod` accepts, without hexadecimal floats. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * Parses a double: a decimal, or `inf` with an optional sign.
 *
 * @throws {CommandError} `error()` when `text` is neither; NaN is refused.
 */
export function parseDouble(text: string, error: () => CommandError = notAFloat): number {
  if (DECIMAL.test(text)) {
    const value = Number(text)
    // A finite decimal that is too large is an error, not infinite.
    if (Number.isFinite(value)) return value
    throw error()
  }
  if (!INFINITY_WORD.test(text)) throw error()
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Infinity
}

/** Writes a double as Redis 7.2 and later do: the shortest text that parses to the same number. */
export function formatDouble(value: number): string {
  if (value === Infinity) return 'inf'
  if (value === Number.NEGATIVE_INFINITY) return '-inf'
  if (Object.is(value, -0)) return '-0'
  const isWhole = Number.isInteger(value) && Math.abs(value) < 2 ** 63
  return isWhole && !Number.isSafeInteger(value) ? BigInt(value).toString() : String(value)
}
