/**
 * Tells listeners of the changes to an engine's data.
 *
 * @module
 */

/** The listeners of one engine. */
export class ChangeListeners {
  readonly #listeners = new Set<() => void>()
  /** The count of changes of which they were last told. */
  #told = 0

  /** Adds a listener. The returned function removes it. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Calls the listeners, unless they were told of this count of changes.
   *
   * @throws The error of a listener. All are then told again, even if nothing more was changed.
   */
  tell(changes: number): void {
    if (this.#told === changes) return
    // Set before the calls, because a listener may read from the engine.
    this.#told = changes
    try {
      for (const listener of this.#listeners) listener()
    } catch (error) {
      this.forget()
      throw error
    }
  }

  /** Makes the next {@link tell} call the listeners, whatever its count. */
  forget(): void {
    this.#told = -1
  }
}
