/**
 * Lets queued work of the event loop run.
 *
 * @module
 */

/** Runs the given number of turns of the event loop, without waiting for time to pass. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
