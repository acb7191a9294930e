/**
 * Prevents callers from changing a value that they share with other callers.
 *
 * @module
 */

/** Bundlers replace `process.env.NODE_ENV` by a constant; some hosts have no `process`. */
declare const process: { readonly env: { readonly NODE_ENV?: string } } | undefined

/** Whether `NODE_ENV` is `production`, where values are not frozen because it costs time. */
export function isProduction(): boolean {
  return typeof process !== 'undefined' && process.env.NODE_ENV === 'production'
}

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
