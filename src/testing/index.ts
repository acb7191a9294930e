/**
 * Tools for tests of code that uses nearcache.
 *
 * Exported as `'nearcache/testing'`.
 *
 * @module
 */

export {
  type EventRecord,
  expectCached,
  expectMissed,
  type Observable,
  recordEvents,
  UnexpectedOutcomeError,
} from './cache-events.ts'
export { ChaosError, type WireFault } from './chaos-call.ts'
export {
  type ChaosFetchOptions,
  chaosFetch,
  type FetchCall,
  type FetchFault,
} from './chaos-fetch.ts'
export { type ChaosLoaderOptions, chaosLoader, type LoaderFault } from './chaos-loader.ts'
export type { Chaos, ChaosOptions, Chaotic, FaultRule, Injection } from './chaos-plan.ts'
export {
  type ChaosPlatform,
  type ChaosPlatformOptions,
  chaosPlatform,
  type PlatformCall,
  type PlatformFault,
} from './chaos-platform.ts'
export {
  type ChaosSqlOptions,
  chaosSqlDriver,
  type SqlCall,
  type SqlFault,
} from './chaos-sql-driver.ts'
export {
  type ChaosTransportOptions,
  chaosTransport,
  type TransportCall,
  type TransportFault,
} from './chaos-transport.ts'
export { cacheContract } from './contract/cache-contract.ts'
export { ContractViolation } from './contract/check.ts'
export type { ContractCase, ContractOptions, MakeTransport } from './contract/contract-case.ts'
export {
  type TransportContractOptions,
  transportContract,
} from './contract/transport-contract.ts'
export { type CountingTransport, countingTransport } from './counting-transport.ts'
export { ManualPlatform, type ManualPlatformOptions } from './manual-platform.ts'
