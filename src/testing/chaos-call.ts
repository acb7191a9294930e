/**
 * The faults that the chaos wrappers inject into calls over a network.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import type { Fate } from './chaos-plan.ts'
import { between } from './draw.ts'

/** Faults of any call with a reply. */
export type WireFault =
  /** The call is refused and not sent. */
  | 'fail'
  /** The call is applied, and its reply is lost. */
  | 'loseReply'
  /** The call is applied twice; the caller gets one of the two replies. */
  | 'duplicate'
  /** The call is applied and answered, and applied once more after a latency. */
  | 'lateDuplicate'
  /** The call is not sent, and hangs until it is aborted. */
  | 'hang'
  /** The call is delayed before it is sent. */
  | 'latency'

/** The error of an injected fault where there is no more specific one: of a loader, or of a database. */
export class ChaosError extends Error {
  override readonly name: string = 'ChaosError'
  /** The kind of fault. */
  readonly kind: string

  constructor(kind: string) {
    super(`A fault was injected: ${kind}`)
    this.kind = kind
  }
}

/** A call to inject faults into. */
export interface WireCall<T> {
  readonly platform: Platform
  readonly latencyMs: readonly [min: number, max: number]
  readonly signal?: AbortSignal | undefined
  /** Sends the call once. The signal is omitted for a copy that no caller waits for. */
  send(signal: AbortSignal | undefined): Promise<T>
  /** Releases an answer that no caller gets. @default nothing */
  discard?(answer: T): void
  /** The error of a call that could not be sent. */
  refused(): unknown
  /** The error of a call whose reply was lost. */
  lost(): unknown
}

/**
 * Sends a call with the faults that were chosen for it.
 *
 * @throws The error from `refused` or `lost`, the signal's reason, or whatever `send` rejected with.
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
    // A clock that is frozen between I/O advances here.
    if ('ioEnded' in call.platform) (call.platform.ioEnded as () => void)()
  }
}

async function sendLater<T>(call: WireCall<T>, ms: number): Promise<void> {
  await call.platform.delay(ms)
  // No caller waits for this copy, and its target may be closed by now.
  await call.send(undefined).then(
    (answer) => call.discard?.(answer),
    () => undefined,
  )
}
