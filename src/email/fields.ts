/**
 * Checks single fields of filters and writes. Each check returns the value in the form that is stored and
 * compared, or throws an error that says what the field must be, without repeating the value.
 *
 * @module
 */

import { type Fields, isObject } from '../entry/json-object.ts'
import { isWholeNumber, wholeNumberWords } from '../entry/option-checks.ts'
import { InvalidFilterError } from '../errors.ts'
import type { EmailAddress } from './email.ts'
import { INSTANT_REQUIREMENT, toInstant } from './instant.ts'

/** The longest identifier, address or name, in characters: a line of RFC 5322. */
export const MAX_NAME_LENGTH = 998

/** The most members a list of a filter or a message may have. */
export const MAX_LIST_LENGTH = 1_000

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/

/** Refuses values that are not objects, and objects with unknown fields. */
export function readFields(value: unknown, field: string, known: readonly string[]): Fields {
  if (!isObject(value)) throw new InvalidFilterError(field, 'an object')
  // The error does not repeat the unknown name: it is untrusted input.
  if (Object.keys(value).some((name) => !known.includes(name))) {
    throw new InvalidFilterError(field, `an object with no fields but ${known.join(', ')}`)
  }
  return value
}

/** An identifier. It is compared byte by byte, so it is not normalised. */
export function readName(value: unknown, field: string): string {
  const valid =
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= MAX_NAME_LENGTH &&
    value.isWellFormed() &&
    !CONTROL.test(value)
  if (!valid) {
    throw new InvalidFilterError(
      field,
      `a text of 1 to ${MAX_NAME_LENGTH} characters without control characters`,
    )
  }
  return value
}

/** A mail address: lower case, without white space around it, in Unicode form NFC (RFC 6532). */
export function readAddress(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH) {
    throw new InvalidFilterError(field, `an address of 1 to ${MAX_NAME_LENGTH} characters`)
  }
  return readName(value.trim().toLowerCase().normalize('NFC'), field)
}

/** A list of addresses, each a text or an object with a name. */
export function readAddresses(value: unknown, field: string): readonly EmailAddress[] {
  return readList(value, field, (entry, at) => {
    if (typeof entry === 'string') return { address: readAddress(entry, at) }
    const { address, name } = readFields(entry, at, ['address', 'name'])
    const read = { address: readAddress(address, `${at}.address`) }
    return name === undefined || name === null || name === ''
      ? read
      : { ...read, name: readText(name, `${at}.name`, MAX_NAME_LENGTH) }
  })
}

/**
 * Free text. SQL text cannot hold NUL or lone surrogates: NUL is removed, and lone surrogates are replaced
 * by U+FFFD.
 */
export function readText(value: unknown, field: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) {
    throw new InvalidFilterError(field, `a text of at most ${maxLength} characters`)
  }
  return value.toWellFormed().replaceAll('\0', '')
}

export function readBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw new InvalidFilterError(field, 'true or false')
  return value
}

/** @returns Epoch milliseconds. */
export function readInstant(value: unknown, field: string): number {
  const instant = toInstant(value)
  if (instant === undefined) throw new InvalidFilterError(field, INSTANT_REQUIREMENT)
  return instant
}

/** A number in `[0, 1]`. */
export function readFraction(value: unknown, field: string): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new InvalidFilterError(field, 'a number from 0 to 1')
  }
  return value
}

export function readInteger(value: unknown, field: string, min: number, max: number): number {
  if (isWholeNumber(value, min, max)) return value
  throw new InvalidFilterError(field, wholeNumberWords(min, max))
}

/** One of a fixed set of words. */
export function readChoice<T extends string>(
  value: unknown,
  field: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new InvalidFilterError(field, `one of ${choices.join(', ')}`)
  return found
}

export function readList<T>(
  value: unknown,
  field: string,
  read: (entry: unknown, field: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length > MAX_LIST_LENGTH) {
    throw new InvalidFilterError(field, `a list of at most ${MAX_LIST_LENGTH} members`)
  }
  return Array.from(value, (entry, index) => read(entry, `${field}[${index}]`))
}

/** Reads a value that may be absent: `undefined` and `null` both become null. */
export function orNull<T>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => T,
): T | null {
  return value === undefined || value === null ? null : read(value, field)
}

/** An identifier, or null. Unlike {@link orNull}, it refuses `undefined`. */
export function readNullableName(value: unknown, field: string): string | null {
  return value === null ? null : readName(value, field)
}
