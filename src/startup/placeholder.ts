/**
 * The value of a binding before start-up: any use of it throws an error that says what to do.
 *
 * @module
 */

import { NotStartedError } from '../errors.ts'

/** What to do about a binding that is used before start-up. */
export const START_FIRST = 'await startupCacheSystem() of nearcache/startup first'

/**
 * An object that throws `NotStartedError` when any member of it is looked up, called or set. Symbols, which
 * the runtime itself looks up, for example to print it, are those of an empty object.
 *
 * @param binding Its name.
 * @param remedy What to do, for the error's message.
 */
export function placeholder<T extends object>(binding: string, remedy: string = START_FIRST): T {
  const refuse = (): never => {
    throw new NotStartedError(binding, remedy)
  }
  return new Proxy({} as T, {
    get: (target, member) => (typeof member === 'symbol' ? Reflect.get(target, member) : refuse()),
    set: refuse,
    has: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
  })
}
