/**
 * Checks options, with the same error texts everywhere. Each check returns the value, or throws an error that names
 * the option and says what it must be, never what it was.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'

/**
 * The value, if it is a whole number in `[min, max]`.
 *
 * @param option Dotted path of the option, for the error.
 * @param max At most 2^53 - 1, the largest safe integer. @default 2^53 - 1
 * @throws {InvalidOptionError} Naming `option`, when it is not.
 */
export function wholeNumber(value: unknown, option: string, min: number, max?: number): number {
  if (isWholeNumber(value, min, max)) return value
  throw new InvalidOptionError(option, wholeNumberWords(min, max))
}

/** Whether a value is a whole number in `[min, max]`. @param max As in {@link wholeNumber}. */
export function isWholeNumber(
  value: unknown,
  min: number,
  max: number = Infinity,
): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
}

/** What an error says if {@link isWholeNumber} is false. */
export function wholeNumberWords(min: number, max?: number): string {
  return `a whole number ${max === undefined ? `of at least ${min}` : `from ${min} to ${max}`}`
}

/** The value, if it is a number in `[min, max]`. @throws {InvalidOptionError} When it is not. */
export function numberWithin(value: unknown, option: string, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new InvalidOptionError(option, `a number from ${min} to ${max}`)
}

/** The value, if it is a finite number above 0. @throws {InvalidOptionError} When it is not. */
export function positiveMs(value: number, option: string): number {
  if (value > 0 && value < Infinity) return value
  throw new InvalidOptionError(option, 'a number of milliseconds above 0')
}

/** The value, if it is one of these words. @throws {InvalidOptionError} When it is not. */
export function oneOf<const Word extends string>(
  value: Word,
  option: string,
  words: readonly Word[],
): Word {
  if (words.includes(value)) return value
  throw new InvalidOptionError(option, words.map((word) => `'${word}'`).join(' or '))
}

/** @throws {InvalidOptionError} When the value is not a string, or empty. */
export function nonEmptyText(value: unknown, option: string): asserts value is string {
  if (typeof value === 'string' && value !== '') return
  throw new InvalidOptionError(option, 'a text that is not empty')
}

/** The value, if it can begin a name in Redis. @throws {InvalidOptionError} When it cannot. */
export function namePrefix(value: string, option: string): string {
  if (typeof value === 'string' && /^[^\s{}]{1,64}$/.test(value)) return value
  throw new InvalidOptionError(option, '1 to 64 characters without braces or spaces')
}

/** The value, if it can be part of a name in Redis. @throws {InvalidOptionError} When it cannot. */
export function namePart(value: string, option: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value)) return value
  throw new InvalidOptionError(option, '1 to 64 characters of A-Za-z0-9_.-')
}

/** The value, if it is true or false. @throws {InvalidOptionError} When it is neither. */
export function checkBoolean(value: unknown, option: string): boolean {
  if (typeof value !== 'boolean') throw new InvalidOptionError(option, 'true or false')
  return value
}

/** The value, if it is a function. @throws {InvalidOptionError} When it is not. */
export function checkFunction<Value>(value: Value, option: string): Value {
  if (typeof value !== 'function') throw new InvalidOptionError(option, 'a function')
  return value
}

/** @throws {InvalidOptionError} Naming `cache`, when the value has no connection to Redis. */
export function checkCache(value: { readonly redis?: { readonly request?: unknown } }): void {
  if (typeof value?.redis?.request === 'function') return
  throw new InvalidOptionError('cache', 'a RedisCacheManager')
}

/** @throws {InvalidOptionError} Naming `limiter`, when the value has no method `limit`. */
export function checkLimiter(value: { readonly limit?: unknown }): void {
  if (typeof value?.limit === 'function') return
  throw new InvalidOptionError('limiter', 'a RateLimiter')
}

/** @throws {InvalidOptionError} When the value is not an object, or has a field that is not in `names`. */
export function checkFields(value: unknown, option: string, names: readonly string[]): void {
  if (typeof value !== 'object' || value === null) throw new InvalidOptionError(option, 'an object')
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown !== undefined) throw noSuchOption(unknown, `${option}.`)
}

/** The error for an unknown option. Its name could be anything, even a misplaced secret, so it is not always shown. */
export function noSuchOption(name: string, path = ''): InvalidOptionError {
  const printable = /^[A-Za-z]{1,40}$/.test(name) ? name : '(unprintable)'
  return new InvalidOptionError(path + printable, 'left out: there is no such option')
}
