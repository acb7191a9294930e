/**
 * Any Redis behind the REST protocol of Upstash, as a Hono app: `nearcache/bridge`.
 *
 * @module
 */

export { bridge } from './app.ts'
export type { BridgeDatabase, BridgeLimits, BridgeOptions } from './options.ts'
