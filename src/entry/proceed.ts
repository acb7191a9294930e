/**
 * Goes on with what may have to be waited for.
 *
 * @module
 */

/** What `next` makes of a value: at once if the value is there, so that no turn is lost on it. */
export function proceed<T, Result>(
  value: T | Promise<T>,
  next: (value: T) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}
