/**
 * Keeps callers from changing a value that others share.
 *
 * @module
 */

/**
 * Freezes arrays and plain objects all the way down, in place, and returns the value. Maps, Sets,
 * Dates and typed arrays cannot be frozen and stay as they are.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  if (!isPlain) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}
