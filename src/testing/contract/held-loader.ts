/**
 * A loader that waits until a test releases it.
 *
 * @module
 */

/** A loader that waits after it was called. */
export interface HeldLoader<T = string> {
  readonly load: () => Promise<T>
  /** Resolves when the loader has been called. */
  readonly called: Promise<void>
  readonly calls: number
  /** Resolves every call, past and future, with this value. */
  release(value: T): void
  fail(error: unknown): void
}

/** Makes a held loader. */
export function holdLoader<T = string>(): HeldLoader<T> {
  const called = Promise.withResolvers<void>()
  const end = Promise.withResolvers<T>()
  let calls = 0
  return {
    load: () => {
      calls++
      called.resolve()
      return end.promise
    },
    called: called.promise,
    get calls() {
      return calls
    },
    release: end.resolve,
    fail: end.reject,
  }
}
