/**
 * What the chaos wrappers do to a call that crosses a wire.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import type { Fate } from './chaos-plan.ts'
import { between } from './draw.ts'

/** What can befall any call that is sent and answered. */
export type WireFault =
  /** It is refused, and was not sent. */
  | 'fail'
  /** It is applied, and its reply lost. */
  | 'loseReply'
  /** It is applied twice; the caller gets one of the two replies. */
  | 'duplicate'
  /** It is applied and answered, and applied once more a latency later. */
  | 'lateDuplicate'
  /** It is not sent, and nothing comes back until it is aborted. */
  | 'hang'
  /** It waits before it is sent. */
  | 'latency'

/** A fault where no more telling error is known: of a loader, or of a database. */
export class ChaosError extends Error {
  override readonly name: string = 'ChaosError'
  /** Which fault it was. */
  readonly kind: string

  constructor(kind: string) {
    super(`A fault was injected: ${kind}`)
    this.kind = kind
  }
}

/** A call on its way. */
export interface WireCall<T> {
  readonly platform: Platform
  readonly latencyMs: readonly [min: number, max: number]
  readonly signal?: AbortSignal | undefined
  /** Sends it, once each time; without the signal for a copy that nobody waits for. */
  send(signal: AbortSignal | undefined): Promise<T>
  /** Lets go of an answer that nobody gets. @default nothing */
  discard?(answer: T): void
  /** What a call that could not be sent rejects with. */
  refused(): unknown
  /** What a call whose reply was lost rejects with. */
  lost(): unknown
}

/**
 * Sends a call as its fate has it.
 *
 * @throws What `refused` or `lost` made, the signal's reason, or whatever `send` rejected with.
 */
export async function undergo<T>(fate: Fate<WireFault>, call: WireCall<T>): Promise<T> {
  const { platform, latencyMs, signal } = call
  const latency = fate.get('latency')
  if (latency !== undefined) await platform.delay(between(latencyMs, latency), signal)
  if (fate.has('fail')) throw call.refused()
  if (fate.has('hang')) return hangUntilAborted(signal)
  const first = await send(call)
  if (fate.has('loseReply')) {
    call.discard?.(first)
    throw call.lost()
  }
  const again = fate.get('duplicate')
  if (again !== undefined) {
    const second = await send(call)
    const [kept, dropped] = again < 0.5 ? [first, second] : [second, first]
    call.discard?.(dropped)
    return kept
  }
  const late = fate.get('lateDuplicate')
  if (late !== undefined) platform.defer(sendLater(call, between(latencyMs, late)))
  return first
}

/** Rejects with the signal's reason when it is aborted; without a signal, never settles. */
export function hangUntilAborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function send<T>(call: WireCall<T>): Promise<T> {
  try {
    return await call.send(call.signal)
  } finally {
    // A clock that stands still between I/O goes on here.
    if ('ioEnded' in call.platform) (call.platform.ioEnded as () => void)()
  }
}

async function sendLater<T>(call: WireCall<T>, ms: number): Promise<void> {
  await call.platform.delay(ms)
  // Nobody waits for it, and by now there may be nothing to send it to.
  await call.send(undefined).then(
    (answer) => call.discard?.(answer),
    () => undefined,
  )
}
