/**
 * A loader whose end is somebody's to choose.
 *
 * @module
 */

/** A loader that is called, and then waits. */
export interface HeldLoader<T = string> {
  readonly load: () => Promise<T>
  /** Resolves when the loader has been called. */
  readonly called: Promise<void>
  readonly calls: number
  /** Lets every call, past and future, end with this value. */
  release(value: T): void
  fail(error: unknown): void
}

/** Makes one. */
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
