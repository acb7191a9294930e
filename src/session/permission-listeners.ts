/**
 * Those who hold what was computed under a user's permissions, and forget it when these change.
 *
 * @module
 */

/**
 * Forgets what it holds for a user; resolves when nobody is served it any more. Called again for the same
 * change when it, or another, has failed.
 */
export type PermissionListener = (userId: string) => Promise<unknown> | undefined

/** The listeners of one cache of sessions. */
export class PermissionListeners {
  readonly #listeners = new Set<PermissionListener>()

  /** @returns A function that ends it. */
  add(listener: PermissionListener): () => void {
    // One entry a call, also where a listener is added twice.
    const own: PermissionListener = (userId) => listener(userId)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /**
   * Tells all of them at once, and waits for all.
   *
   * @throws What the first of those that failed rejected with, unchanged.
   */
  async tell(userId: string): Promise<void> {
    const calls = [...this.#listeners].map(async (listener) => listener(userId))
    const failed = (await Promise.allSettled(calls)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
}
