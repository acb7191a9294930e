/**
 * A Redis in memory that needs no server: `nearcache/redis/embedded`.
 *
 * @module
 */

export { CommandError } from './command-error.ts'
export { type EmbeddedOptions, EmbeddedRedis } from './engine.ts'
export type { EvictionPolicy } from './eviction.ts'
export { RATE_LIMIT_TWINS } from './rate-limit/twins.ts'
export type { ScriptTwin } from './scripting.ts'
export { SEMANTIC_TWINS } from './semantic-twins.ts'
export { SESSION_TWINS } from './session-twins.ts'
export { embeddedTransport } from './transport.ts'
export { TWINS } from './twins.ts'
