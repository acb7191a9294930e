/**
 * Checks the texts that users give as names.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import { isLongerThan } from './bytes.ts'

const CONTROL = /\p{Cc}/u

/** @throws {InvalidKeyError} When it is not a string, empty, longer than `maxBytes` in UTF-8, or not well-formed. */
export function checkText(text: string, what: string, maxBytes: number): void {
  if (typeof text !== 'string') throw new InvalidKeyError(`${what} is not a string`)
  if (text === '') throw new InvalidKeyError(`${what} is empty`)
  if (isLongerThan(text, maxBytes)) {
    throw new InvalidKeyError(`${what} is longer than ${maxBytes} bytes`)
  }
  if (!text.isWellFormed()) throw new InvalidKeyError(`${what} has a lone surrogate`)
}

/** @throws {InvalidKeyError} As {@link checkText} does, and when it has a control character. */
export function checkLabel(text: string, what: string, maxBytes: number): string {
  checkText(text, what, maxBytes)
  if (CONTROL.test(text)) throw new InvalidKeyError(`${what} has a control character`)
  return text
}
