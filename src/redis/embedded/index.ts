/**
 * A Redis in memory that needs no server: `nearcache/redis/embedded`.
 *
 * @module
 */

export { CommandError } from './command-error.ts'
export { type EmbeddedOptions, EmbeddedRedis } from './engine.ts'
export type { EvictionPolicy } from './eviction.ts'
export type { ScriptTwin } from './scripting.ts'
export { embeddedTransport } from './transport.ts'
export { TWINS } from './twins/protocol.ts'
export { RATE_LIMIT_TWINS } from './twins/rate-limit/twins.ts'
export { SEMANTIC_TWINS } from './twins/semantic.ts'
export { SESSION_TWINS } from './twins/session.ts'
