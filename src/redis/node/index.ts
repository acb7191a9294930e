/**
 * A `fetch` on Node's HTTP client, for the REST transport on Node: `nearcache/redis/node`.
 *
 * @module
 */

export { type NodeFetchOptions, nodeFetch } from './node-fetch.ts'
