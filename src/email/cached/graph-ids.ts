/**
 * Caches which message has which graph id (the id at the mail provider).
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { EmailRepository } from '../email-repository.ts'

/** Options of {@link GraphIds}. */
export interface GraphIdsOptions {
  readonly cache: CacheNamespace<unknown>
  /** Opens a session for reads from SQL that sees every write acknowledged before. */
  source(): Pick<EmailRepository, 'getEmailByGraphId'>
}

/**
 * Message ids by graph id. The graph id of a message never changes, so the mapping is cached until the
 * message is deleted. That no message has a graph id is not cached. A cached mapping may be out of date,
 * so callers must check the message.
 */
export class GraphIds {
  readonly #ids: CacheNamespace<string>
  readonly #source: GraphIdsOptions['source']

  constructor({ cache, source }: GraphIdsOptions) {
    this.#ids = cache.namespace<string>('email', { near: false })
    this.#source = source
  }

  async idOf(graphId: string): Promise<string | undefined> {
    const find = async ({ skip }: { skip(): void }): Promise<string> => {
      const email = await this.#source().getEmailByGraphId(graphId)
      if (email === undefined) skip()
      return email?.id ?? ''
    }
    return (await this.#ids.getOrSet(graphKeyOf(graphId), find, { ttl: 'long' })) || undefined
  }

  /** Deletes an outdated mapping. Never rejects because of Redis: the next reader finds and deletes it. */
  async forget(graphId: string): Promise<void> {
    try {
      await this.#ids.delete(graphKeyOf(graphId))
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
    }
  }
}

/** The key of a graph id in the namespace of the mailbox. */
export function graphKeyOf(graphId: string): string {
  return `graph/${graphId}`
}
