/**
 * The default platform: clocks, dice and timers that every web-standard runtime has.
 *
 * @module
 */

import { hostModule } from './host-module.ts'
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

/** What is used of `cloudflare:workers`. */
interface WorkersModule {
  waitUntil?(work: Promise<unknown>): void
}

/**
 * A platform for Node, browsers and Workers.
 *
 * `defer` marks the work as handled, and on a Worker whose modules can be had by name keeps it alive behind
 * the answer: with the flag `nodejs_compat` and a compatibility date of 2024-09-23 or later, or a date of
 * 2026-09-01 or later. Elsewhere a process outlives its responses.
 */
export function webPlatform(): Platform {
  const { waitUntil } = Object(hostModule('cloudflare:workers')) as WorkersModule
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    delay: wait,
    idle: (ms, signal) => wait(ms, signal, true),
    // In halves: of a process that stood still, what has come meanwhile is read between the two.
    alarm: (ms, ring) => {
      let cancel = alarm(ms / 2, () => {
        cancel = alarm(ms / 2, ring)
      })
      return () => cancel()
    },
    defer: (work) => {
      // The work reports its own failures; an unhandled rejection would end a Node process (I11).
      const handled = work.then(undefined, () => undefined)
      waitUntil?.(handled)
    },
  }
}
