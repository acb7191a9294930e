/**
 * HTTP by Node's own client, for the REST transport on Node.
 *
 * @module
 */

export { type NodeFetchOptions, nodeFetch } from './node-fetch.ts'
