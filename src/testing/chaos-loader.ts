/**
 * A loader that fails, is slow, or never settles.
 *
 * @module
 */

import type { LoadContext, Loader } from '../cache/loader.ts'
import { ChaosError, undergo } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Kinds } from './chaos-plan.ts'
import { extend } from './wrap.ts'

/** Faults of a load: it fails, never settles (not even when aborted), or is slow. */
export type LoaderFault = 'fail' | 'hang' | 'latency'

/** Options for {@link chaosLoader}. `when` gets the loader's context. */
export interface ChaosLoaderOptions<Value = unknown>
  extends ChaosOptions<LoaderFault, LoadContext<Value>> {
  /** Makes the error of `fail`. @default a ChaosError */
  readonly error?: () => unknown
}

const KINDS: Kinds<LoaderFault> = { exclusive: ['fail', 'hang'], besides: ['latency'] }

/**
 * Wraps a loader.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function chaosLoader<Value>(
  loader: Loader<Value>,
  options: ChaosLoaderOptions<Value> = {},
): Loader<Value> & Chaotic<LoaderFault> {
  const { error = () => new ChaosError('fail'), ...rest } = options
  const plan = new ChaosPlan<LoaderFault, LoadContext<Value>>(KINDS, rest)
  const { platform, latencyMs } = plan

  const load = (context: LoadContext<Value>): Promise<Value> =>
    undergo(plan.next(context), {
      platform,
      latencyMs,
      // No `signal`: the faults ignore an abort, like a loader that ignores its signal.
      send: async () => loader(context),
      refused: error,
      lost: error,
    })
  return extend(load, { chaos: plan })
}
