/**
 * The cache of a Node process in one call, configured by its environment.
 *
 * Exported as `'nearcache/startup'`.
 *
 * @module
 */

export { NotStartedError } from '../errors.ts'
export {
  cacheManager,
  cacheMonitor,
  llmCache,
  sessionUserCache,
  webSocketCache,
} from './bindings.ts'
export {
  type CacheSystem,
  getCacheSystemStatus,
  isCacheSystemReady,
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
export type {
  Clearable,
  LLMSettings,
  MonitoringOptions,
  StartupOptions,
  WarmingSettings,
} from './options.ts'
export type { CacheSystemStatus } from './status.ts'
