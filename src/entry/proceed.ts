/**
 * Continues with a value that may be a promise.
 *
 * @module
 */

/** Applies `next` to a value; synchronously if it is not a promise, which saves a microtask. */
export function proceed<T, Result>(
  value: T | Promise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
