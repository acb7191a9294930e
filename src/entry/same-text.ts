/**
 * Compares secrets in a time that does not depend on where they differ.
 *
 * @module
 */

/** Whether two texts are equal. The time may reveal that their lengths differ. */
export function isSameText(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  let differences = 0
  for (let i = 0; i < one.length; i++) differences |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return differences === 0
}
