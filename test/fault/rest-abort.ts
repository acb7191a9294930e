/**
 * A request with the runtime's own `fetch` that is aborted while in progress, for every runtime that has
 * one.
 *
 * @module
 */

import { restTransport } from '../../src/redis/rest.ts'

/** The part that the server holds back: the whole answer, or half of the body. */
export type Missing = 'head' | 'body'

/**
 * @param origin Of a server whose `/begun` answers once it has received a request.
 * @returns The rejection of the request.
 */
export async function abortedRequest(missing: Missing, origin: string): Promise<string> {
  const controller = new AbortController()
  const reason = new Error('deadline')
  const real = globalThis.fetch
  globalThis.fetch = async (...given) => {
    const response = real(...given)
    await (missing === 'body' ? response : real(`${origin}/begun`))
    setTimeout(() => controller.abort(reason))
    return response
  }
  try {
    const transport = restTransport({ url: `${origin}/${missing}`, token: 'token' })
    await transport.request({ body: ['GET', 'key'], signal: controller.signal })
    return 'nothing'
  } catch (error) {
    return error === reason ? 'the reason' : 'another error'
  } finally {
    globalThis.fetch = real
  }
}
