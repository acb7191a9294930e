/**
 * Those who listen.
 *
 * @module
 */

/** Listeners to one kind of news. */
export class Listeners<Args extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Args) => void>()

  /** @returns A function that ends it. */
  add(listener: (...args: Args) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** What a listener throws is swallowed: it must not become the fault of the connection. */
  tell(...args: Args): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args)
      } catch {
        // A listener's fault.
      }
    }
  }
}
