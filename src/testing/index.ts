/**
 * What tests of code that uses nearcache need.
 *
 * Exported as `'nearcache/testing'`.
 *
 * @module
 */

export { ManualPlatform, type ManualPlatformOptions } from './manual-platform.ts'
