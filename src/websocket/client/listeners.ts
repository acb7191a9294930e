/**
 * A set of listeners that cannot disturb each other or the connection.
 *
 * @module
 */

import { callListener } from '../../platform/listener.ts'
/** Listeners for one kind of event. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>()

  /** @returns A function that removes the listener. */
  add(listener: (...args: Args) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Errors of a listener are ignored: they must not break the connection. */
  tell(...args: Args): void {
    for (const listener of [...this.#listeners]) callListener(listener, args)
  }
}
