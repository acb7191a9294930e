/**
 * Open-loop load: like users, requests do not wait until earlier ones are answered. A waiting time counts from
 * when the request was due, so a stall counts for all requests that were due during it.
 *
 * @module
 */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { draw } from '../../src/testing/draw.ts'

/** Starts one request; `kind` names the list for its waiting time. */
export type Request = () => { readonly kind: string; readonly done: Promise<unknown> }

/** Options for {@link arrive}. */
export interface ArrivalOptions {
  /** Mean rate; the gaps are those of a Poisson process. */
  readonly perSecond: number
  readonly count: number
  readonly seed: number
  /** The run ends if more requests than this are under way. */
  readonly atMostUnderWay: number
}

/** Milliseconds from when a request was due until it was answered, by kind. */
export type Waits = Readonly<Record<string, readonly number[]>>

/** Runs the arrivals. @returns `undefined` if more than `atMostUnderWay` requests were under way. */
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

/** Timers are only exact to a millisecond, so the last 1.5 ms are spent in turns of the event loop. */
async function until(instant: number): Promise<void> {
  const ms = instant - performance.now()
  if (ms > 2) await delay(ms - 1.5)
  while (performance.now() < instant) await turn()
  // If already late, still give the event loop a turn to receive answers.
  if (ms <= 0) await turn()
}
