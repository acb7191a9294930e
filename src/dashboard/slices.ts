/**
 * A window over the figures by minute or by hour that reads each finished period once.
 *
 * @module
 */

import type { Slice } from '../monitor/redis-figures.ts'

/** How long after the end of a period its figures may still arrive: isolates send them with a delay. */
const SETTLED_MS = 120_000

/** Options for {@link SliceWindow}. */
export interface SliceWindowOptions {
  readonly lengthMs: number
  /** Number of periods, including the current one. */
  readonly count: number
  /** Reads the last `count` periods, oldest first. */
  readonly read: (now: number, count: number) => Promise<readonly Slice[]>
}

/** Keeps periods that can no longer change, so that an open page reads only the latest few. */
export class SliceWindow {
  readonly #options: SliceWindowOptions
  #settled: ReadonlyMap<number, Slice> = new Map()

  constructor(options: SliceWindowOptions) {
    this.#options = options
  }

  /** All periods, oldest first. */
  async read(now: number): Promise<readonly Slice[]> {
    const { lengthMs, count, read } = this.#options
    const last = Math.floor(now / lengthMs) * lengthMs
    const starts = Array.from({ length: count }, (_, i) => last - (count - 1 - i) * lengthMs)
    const oldest = starts.find((from) => !this.#settled.has(from)) ?? last
    const fresh = await read(now, (last - oldest) / lengthMs + 1)
    const known = new Map([...this.#settled, ...fresh.map((slice) => [slice.from, slice] as const)])
    const slices = starts.flatMap((from) => known.get(from) ?? [])
    const isSettled = ({ from }: Slice): boolean => from + lengthMs + SETTLED_MS <= now
    this.#settled = new Map(slices.filter(isSettled).map((slice) => [slice.from, slice]))
    return slices
  }
}
