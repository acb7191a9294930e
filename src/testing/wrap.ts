/**
 * Wraps a transport to intercept its requests, and leaves the rest as it is.
 *
 * @module
 */

import type { Command, RedisRequest, Requester, Transport } from '../redis/requester.ts'

const STATE = ['readYourWrites', 'upstashSyncToken'] as const

/** The same transport with another `request`, and with the properties of `extra`. */
export function wrapTransport<Extra extends object>(
  inner: Requester | Transport,
  request: Requester['request'],
  extra: Extra,
): Transport & Extra {
  const wrapped: Transport = {
    kind: 'kind' in inner ? inner.kind : 'requester',
    cluster: 'cluster' in inner && inner.cluster === true,
    ...('strings' in inner && inner.strings !== undefined && { strings: inner.strings }),
    request,
    close: async () => {
      if ('close' in inner) await inner.close()
    },
  }
  // Clients read and write these on the outermost transport, but the innermost one uses them.
  for (const name of STATE) {
    if (!(name in inner)) continue
    Object.defineProperty(wrapped, name, {
      enumerable: true,
      get: () => inner[name],
      set: (value) => Object.assign(inner, { [name]: value }),
    })
  }
  return extend(wrapped, extra)
}

/** Copies properties; getters stay getters. */
export function extend<T extends object, Extra extends object>(target: T, extra: Extra): T & Extra {
  Object.defineProperties(target, Object.getOwnPropertyDescriptors(extra))
  return target as T & Extra
}

/** The commands of a request: a single one, or those of its batch. */
export function commandsOf({ path = [], body }: RedisRequest): readonly Command[] {
  if (!Array.isArray(body)) return []
  return path.length === 0 ? [body as unknown as Command] : (body as Command[])
}
