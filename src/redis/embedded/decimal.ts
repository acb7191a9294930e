/**
 * Adds decimals exactly, for INCRBYFLOAT and HINCRBYFLOAT.
 *
 * Redis adds 80-bit floats and prints 17 decimals, which hides the error of binary fractions:
 * 0.1 plus 0.2 is 0.3. Doubles would show it, so the sum is computed with integers.
 *
 * @module
 */

import { CommandError, notAFloat } from './command-error.ts'

/** Decimals that a sum keeps, as many as Redis prints. */
const FRACTION_DIGITS = 17
/** The largest decimal exponent of an 80-bit float. */
const MAX_EXPONENT = 4_932

const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i
const INFINITE = /^[+-]?inf(?:inity)?$/i

/** `text` times 10^17, rounded half away from zero. */
function toScaled(text: string, error: () => CommandError): bigint {
  const parts = PARTS.exec(text)
  if (!parts) throw error()
  const [, sign, whole = '', fraction = '', exponentText = '0'] = parts
  const exponent = Number(exponentText)
  const digits = whole + fraction
  if (digits === '' || Math.abs(exponent) > MAX_EXPONENT) throw error()
  const shift = exponent - fraction.length + FRACTION_DIGITS
  const value = BigInt(digits)
  const scaled = shift >= 0 ? value * 10n ** BigInt(shift) : divideRounding(value, -shift)
  return sign === '-' ? -scaled : scaled
}

function divideRounding(value: bigint, powerOfTen: number): bigint {
  const divisor = 10n ** BigInt(powerOfTen)
  return (value + divisor / 2n) / divisor
}

/**
 * Adds two decimals given as text, and writes the sum without exponent or trailing zeros.
 *
 * @throws {CommandError} `error()` if `left` is not a decimal; the error of Redis if `right` is
 * not a decimal or is infinite.
 */
export function addDecimals(
  left: string,
  right: string,
  error: () => CommandError = notAFloat,
): string {
  const base = toScaled(left, error)
  if (INFINITE.test(right)) {
    throw new CommandError('ERR increment would produce NaN or Infinity')
  }
  const sum = base + toScaled(right, notAFloat)
  const digits = (sum < 0n ? -sum : sum).toString().padStart(FRACTION_DIGITS + 1, '0')
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '')
  const whole = digits.slice(0, -FRACTION_DIGITS)
  return (sum < 0n ? '-' : '') + (fraction === '' ? whole : `${whole}.${fraction}`)
}

/** @throws {CommandError} When `text` is not a decimal, or is infinite. */
export function checkDecimal(text: string): void {
  if (INFINITE.test(text)) throw new CommandError('ERR value is NaN or Infinity')
  toScaled(text, notAFloat)
}
