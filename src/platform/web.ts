/**
 * The default platform: clocks, dice and timers that every web-standard runtime has.
 *
 * @module
 */

import type { Platform } from './platform.ts'

/** Timers take a signed 32-bit number of milliseconds; a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647

function alarm(ms: number, ring: () => void, isIdle = false): () => void {
  const timer: unknown = setTimeout(ring, Math.min(ms, MAX_TIMER_MS))
  // Only where a timer keeps its process alive is there a way to tell it not to.
  if (isIdle) (timer as { unref?(): void }).unref?.()
  return () => clearTimeout(timer as number)
}

function wait(ms: number, signal?: AbortSignal, isIdle?: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    const ring = (): void => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }
    const cancel = alarm(ms, ring, isIdle)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
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
    delay: wait,
    idle: (ms, signal) => wait(ms, signal, true),
    alarm,
    defer: (work) => {
      // The work reports its own failures; an unhandled rejection would end a Node process (I11).
      work.then(undefined, () => undefined)
    },
  }
}
