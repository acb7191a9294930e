/**
 * Calls functions of the application that are told of something.
 *
 * @module
 */

/**
 * Calls a listener. Neither an error that it throws nor the rejection of a promise that it returns reaches the
 * caller, or ends the process.
 *
 * @param failed Called for each such error. @default does nothing
 */
export function callListener<Args extends readonly unknown[]>(
  listener: (...args: Args) => unknown,
  args: Args,
  failed: () => void = () => undefined,
): void {
  try {
    const returned = listener(...args)
    if (returned instanceof Promise) returned.catch(failed)
  } catch {
    failed()
  }
}
