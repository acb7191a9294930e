/**
 * Listeners that drop what they have computed from a user's permissions when these change.
 *
 * @module
 */

/**
 * Drops what it holds for a user, and resolves when that is no longer served. If this or another listener has
 * failed, it is called again for the same change.
 */
export type PermissionListener = (userId: string) => Promise<unknown> | undefined

/** The listeners of one session cache. */
export class PermissionListeners {
  readonly #listeners = new Set<PermissionListener>()

  /** @returns A function that removes the listener. */
  add(listener: PermissionListener): () => void {
    // Each call adds an entry, even for a listener that was added before.
    const own: PermissionListener = (userId) => listener(userId)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /**
   * Calls all listeners at once, and waits for all of them.
   *
   * @throws The rejection of the first listener that failed, unchanged.
   */
  async tell(userId: string): Promise<void> {
    const calls = [...this.#listeners].map(async (listener) => listener(userId))
    const failed = (await Promise.allSettled(calls)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
}
