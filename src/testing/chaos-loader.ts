/**
 * A loader that fails, dawdles, or never comes back.
 *
 * @module
 */

import type { LoadContext, Loader } from '../cache/loader.ts'
import { ChaosError, undergo } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Kinds } from './chaos-plan.ts'
import { extend } from './wrap.ts'

/** What can befall a load: it is refused, never settles (not even when aborted), or is slow. */
export type LoaderFault = 'fail' | 'hang' | 'latency'

/** Options for {@link chaosLoader}. `when` gets what the loader gets. */
export interface ChaosLoaderOptions<Value = unknown>
  extends ChaosOptions<LoaderFault, LoadContext<Value>> {
  /** Makes what `fail` rejects with. @default a ChaosError */
  readonly error?: () => unknown
}

const KINDS: Kinds<LoaderFault> = { exclusive: ['fail', 'hang'], besides: ['latency'] }

/**
 * Wraps a loader.
 *
 * @throws {InvalidOptionError} When an option is out of its documented range.
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
      // Without the signal: a loader that ignores it is what deadlines are for.
      send: async () => loader(context),
      refused: error,
      lost: error,
    })
  return extend(load, { chaos: plan })
}
