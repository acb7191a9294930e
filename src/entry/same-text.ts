/**
 * Compares what is secret without telling by the time that it takes where it differs.
 *
 * @module
 */

/** Whether two texts are equal. That they differ in length can be told. */
export function isSameText(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let differences = 0
  for (let i = 0; i < one.length; i++) differences |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return differences === 0
}
