/**
 * Which message has the id that the mail provider gave it.
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { EmailRepository } from '../email-repository.ts'

/** What it works with. */
export interface GraphIdsOptions {
  readonly cache: CacheNamespace<unknown>
  /** Where SQL is asked, on a view as new as every write acknowledged before. */
  source(): Pick<EmailRepository, 'getEmailByGraphId'>
}

/**
 * Ids by graph ids. A message keeps its graph id, so who has it is cached until it is deleted; that
 * nobody has it is not. What is found may be out of date all the same, and has to be looked at.
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

  /** The message that had it has it no more. Never rejects for Redis: then it is found to be so again. */
  async forget(graphId: string): Promise<void> {
    try {
      await this.#ids.delete(graphKeyOf(graphId))
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
    }
  }
}

/** Its key in the namespace of the mailbox. */
export function graphKeyOf(graphId: string): string {
  return `graph/${graphId}`
}
