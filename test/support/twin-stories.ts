/**
 * Compares scripts with their twins: runs the same story on a Redis and on an embedded engine.
 *
 * @module
 */

import fc from 'fast-check'
import { expect } from 'vitest'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Transport } from '../../src/redis/requester.ts'

/** One Redis, and the state of its client. */
interface Side<Step> {
  /** The result of a step. If both sides do not give the same, the twins differ. */
  run(step: Step): Promise<unknown>
}

/** Which stories, and how many. */
export interface TwinStories<Step, S extends Side<Step>> {
  readonly redis: Transport
  readonly step: fc.Arbitrary<Step>
  sideOn(transport: Transport): S
  /** How many steps a story has. */
  readonly length: { readonly minLength: number; readonly maxLength: number }
  readonly numRuns: number
  /** Stories that are always run. @default none */
  readonly told?: readonly (readonly Step[])[]
  /** Called with the side of Redis at the end of a story. @default none */
  heard?(real: S): void
}

/** Runs stories on both sides, each starting empty. @returns The number of steps. */
export async function expectSameStories<Step, S extends Side<Step>>(
  stories: TwinStories<Step, S>,
): Promise<number> {
  const { redis, step, sideOn, length, numRuns, told = [], heard } = stories
  let steps = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, length), async (story) => {
      await redis.request({ path: [], body: ['FLUSHALL'] })
      const [real, twin] = [sideOn(redis), sideOn(embeddedTransport())]
      for (const [i, one] of story.entries()) {
        const [expected, actual] = [await real.run(one), await twin.run(one)]
        expect(actual, `step ${i}: ${JSON.stringify(one)}`).toEqual(expected)
        steps++
      }
      heard?.(real)
    }),
    { numRuns, examples: told.map((story) => [[...story]]) },
  )
  return steps
}
