/**
 * Recognises JSON objects among unknown values.
 *
 * @module
 */

/** An object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether a value is an object, and neither null nor an array. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object in a JSON text; `undefined` if the text is not JSON, or not an object. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Not passed on, because a SyntaxError quotes the text.
    return undefined
  }
}
