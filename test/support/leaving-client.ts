/**
 * Clients of a Worker that disconnect while one of its commands to Redis is pending.
 *
 * @module
 */

import type { ClientRequest } from 'node:http'
import type { RedisRequest, Requester } from '../../src/redis/requester.ts'

/** A Redis that holds back the answer to a chosen command until the test releases it. */
export class HeldRequester implements Requester {
  readonly #inner: Requester
  #held:
    | { readonly is: (sent: RedisRequest) => boolean; reached(): void; opened: Promise<void> }
    | undefined

  constructor(inner: Requester) {
    this.#inner = inner
  }

  /** Holds up the next command that is so. */
  hold(is: (sent: RedisRequest) => boolean): { readonly reached: Promise<void>; open(): void } {
    const reached = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<void>()
    this.#held = { is, reached: reached.resolve, opened: opened.promise }
    return { reached: reached.promise, open: opened.resolve }
  }

  readonly request: Requester['request'] = async (sent) => {
    const held = this.#held
    if (held?.is(sent)) {
      this.#held = undefined
      held.reached()
      await held.opened
    }
    return this.#inner.request(sent)
  }
}

/** Disconnects as if the connection broke. @param turn An address to request, so that workerd notices it. */
export async function leave(client: ClientRequest, turn: URL): Promise<void> {
  client.socket?.resetAndDestroy()
  await new Promise((resolve) => client.once('close', resolve))
  for (let i = 0; i < 3; i++) await (await fetch(turn)).text()
}
