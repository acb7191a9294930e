/**
 * Writes structured fields: the syntax that new HTTP headers share (RFC 9651).
 *
 * @module
 */

/** A value of a parameter: an Integer or a String. */
export type BareItem = number | string

/** A String with its parameters, in their order; those that are undefined are left out. */
export interface StringItem {
  readonly value: string
  readonly parameters: Readonly<Record<string, BareItem | undefined>>
}

/**
 * A List of Strings (RFC 9651, section 4.1.1).
 *
 * @throws {TypeError} When a text is not printable ASCII, or a number no integer of 15 digits.
 */
export function stringList(items: readonly StringItem[]): string {
  return items
    .map(({ value, parameters }) => {
      const written = Object.entries(parameters)
        .filter(([, parameter]) => parameter !== undefined)
        .map(([key, parameter]) => `;${key}=${bareItem(parameter as BareItem)}`)
      return bareItem(value) + written.join('')
    })
    .join(', ')
}

function bareItem(value: BareItem): string {
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || Math.abs(value) > 999_999_999_999_999) {
      throw new TypeError('an integer of a structured field has at most 15 digits')
    }
    return String(value)
  }
  if (!/^[\x20-\x7e]*$/.test(value)) {
    throw new TypeError('a string of a structured field is printable ASCII')
  }
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}
