/**
 * Lets work go on that waits for nothing but its turn.
 *
 * @module
 */

/** Goes through the event loop so many times, and waits for no time to pass. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
