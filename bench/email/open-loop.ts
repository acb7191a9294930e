/**
 * Requests that arrive whether or not the last one is answered, as users do: what each waits for
 * counts from when it was due, so that a stall is felt by all that were due in it.
 *
 * @module
 */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { draw } from '../../src/testing/draw.ts'

/** One request, and the list that its time goes to. */
export type Request = () => { readonly kind: string; readonly done: Promise<unknown> }

/** Options for {@link arrive}. */
export interface ArrivalOptions {
  /** Mean; the gaps are those of a Poisson process. */
  readonly perSecond: number
  readonly count: number
  readonly seed: number
  /** Nobody waits longer: more requests under way than this end the run. */
  readonly atMostUnderWay: number
}

/** Milliseconds from when a request was due until it was answered, by kind. */
export type Waits = Readonly<Record<string, readonly number[]>>

/** @returns `undefined` when requests pile up. */
export async function arrive(
  options: ArrivalOptions,
  request: Request,
): Promise<Waits | undefined> {
  const { perSecond, count, seed, atMostUnderWay } = options
  const waits: Record<string, number[]> = {}
  const pending = new Set<Promise<unknown>>()
  let dueAt = performance.now()
  for (let nth = 0; nth < count; nth++) {
    dueAt += (-Math.log(1 - draw(seed, 'arrival', nth)) / perSecond) * 1_000
    await until(dueAt)
    if (pending.size > atMostUnderWay) {
      await Promise.all(pending)
      return undefined
    }
    const due = dueAt
    const { kind, done } = request()
    const waited = done.then(() => {
      const list = waits[kind] ?? []
      waits[kind] = list
      list.push(performance.now() - due)
      pending.delete(waited)
    })
    pending.add(waited)
  }
  await Promise.all(pending)
  return waits
}

/** Timers are a millisecond coarse; the rest is spent in turns of the event loop. */
async function until(instant: number): Promise<void> {
  const ms = instant - performance.now()
  if (ms > 2) await delay(ms - 1.5)
  while (performance.now() < instant) await turn()
  // Whoever is late still lets the answers in that have arrived.
  if (ms <= 0) await turn()
}
