/**
 * The default platform: clocks, dice and timers that every web-standard runtime has.
 *
 * @module
 */

import type { Platform } from './platform.ts'

/** Timers take a signed 32-bit number of milliseconds; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return wait(ms, signal, () => undefined)
}

function idle(ms: number, signal?: AbortSignal): Promise<void> {
  // Only where a timer keeps its process alive is there a way to tell it not to.
  return wait(ms, signal, (timer) => (timer as { unref?(): void }).unref?.())
}

function wait(
  ms: number,
  signal: AbortSignal | undefined,
  made: (timer: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.min(ms, MAX_TIMER_MS),
    )
    made(timer)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

function alarm(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, Math.min(ms, MAX_TIMER_MS))
  return () => clearTimeout(timer)
}

/**
 * A platform for Node, browsers and any runtime whose process outlives a response.
 *
 * `defer` only marks the work as handled: such a host does not need to be kept alive.
 */
export function webPlatform(): Platform {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    delay,
    idle,
    alarm,
    defer: (work) => {
      // The work reports its own failures; an unhandled rejection would end a Node process (I11).
      work.then(undefined, () => undefined)
    },
  }
}
