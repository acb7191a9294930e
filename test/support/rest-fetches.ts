/**
 * The ways in which the REST transport can send its requests from Node.
 *
 * @module
 */

import { nodeFetch } from '../../src/redis/node/index.ts'
import type { RestFetch } from '../../src/redis/rest.ts'

/** One way; the options are those of the transport. */
export interface Way {
  readonly name: string
  readonly options: { readonly fetch?: RestFetch }
}

export const WAYS: readonly Way[] = [
  { name: 'by the global fetch', options: {} },
  { name: 'by nodeFetch', options: { fetch: nodeFetch() } },
]
