/**
 * Sorts errors into the few kinds that a metric may be labelled with.
 *
 * @module
 */

import {
  CircuitOpenError,
  CorruptEntryError,
  isNearcacheError,
  LoaderTimeoutError,
  RemoteError,
  RemoteTimeoutError,
} from '../errors.ts'
import type { ErrorKind } from './series.ts'

const REFUSED: ReadonlySet<string> = new Set([
  'NOAUTH',
  'NOPERM',
  'WRONGPASS',
  'HTTP 401',
  'HTTP 403',
])
const SPENT: ReadonlySet<string> = new Set([
  'request quota exceeded',
  'data quota exceeded',
  'too many connections',
  'HTTP 429',
])

/** The kind of an error. An error that is not this library's comes from the loader. */
export function errorKind(error: unknown): ErrorKind {
  if (error instanceof RemoteTimeoutError) return 'timeout'
  if (error instanceof CircuitOpenError) return 'breaker'
  if (error instanceof CorruptEntryError) return 'decode'
  if (error instanceof RemoteError) {
    if (REFUSED.has(error.reason)) return 'auth'
    return SPENT.has(error.reason) ? 'quota' : 'network'
  }
  if (error instanceof LoaderTimeoutError || !isNearcacheError(error)) return 'loader'
  return 'other'
}
