/**
 * Objects as JSON has them, among values of which nothing is known.
 *
 * @module
 */

/** An object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether it is an object, and no list. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object of a text; nothing for a text that is no JSON, or of something else. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // A SyntaxError quotes the text.
    return undefined
  }
}
