/**
 * The cache of a Node process in one call, configured by its environment.
 *
 * Exported as `'nearcache/startup'`.
 *
 * @module
 */

export {
  type CacheSystem,
  cacheManager,
  getCacheSystemStatus,
  type StartupOptions,
  startupCacheSystem,
} from './cache-system.ts'
export {
  type EmbeddedConfiguration,
  type Environment,
  type RedisConfiguration,
  type RestConfiguration,
  readEnvironment,
  type TcpConfiguration,
} from './environment.ts'
export type { CacheSystemStatus } from './status.ts'
