import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import type { JobContext } from '../../../src/warming/job.ts'
import { Warming } from '../../../src/warming/warming.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const MINUTE = 60_000
const JOBS = [
  { id: 'five', every: 5, schedule: '*/5 * * * *', priority: 2, steps: 1 },
  { id: 'fifteen', every: 15, schedule: '*/15 * * * *', priority: 1, steps: 3 },
] as const

/** The heartbeats of one minute, each on an isolate and late by a number of minutes. */
const minute = fc.array(
  fc.record({ isolate: fc.nat(2), late: fc.constantFrom(0, 0, 0, 1, 2, 7) }),
  { maxLength: 4 },
)

/** The generated events. */
interface Story {
  readonly minutes: readonly (readonly { readonly isolate: number; readonly late: number }[])[]
  /** Draws that decide which steps of handlers fail. */
  readonly faults: readonly number[]
}

const story: fc.Arbitrary<Story> = fc.record({
  minutes: fc.array(minute, { minLength: 20, maxLength: 45 }),
  faults: fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }),
})

test('each slot is completed exactly once, step by step, whichever heartbeats are late or missing', {
  timeout: amount(60_000, 900_000),
}, async ({ task }) => {
  const counts = { run: 0, heartbeats: 0, slots: 0, violations: 0 }

  await fc
    .assert(
      fc.asyncProperty(story, async ({ minutes, faults }) => {
        const { done, steps, heartbeats, from, until } = await play(minutes, faults)
        counts.run++
        counts.heartbeats += heartbeats
        counts.slots += done.length
        const expected = JOBS.flatMap((job) => slotsOf(job, from, until))
        const isRight =
          done.toSorted().join() ===
            expected
              .map(({ text }) => text)
              .toSorted()
              .join() &&
          steps.toSorted().join() ===
            expected
              .flatMap(({ text, job }) => stepsOf(text, job.steps))
              .toSorted()
              .join()
        if (!isRight) counts.violations++
        expect(done.toSorted()).toEqual(expected.map(({ text }) => text).toSorted())
        expect(isRight).toBe(true)
      }),
      { numRuns: amount(30, 1_000) },
    )
    .finally(() => found(task, 'heartbeats', counts))
})

async function play(minutes: Story['minutes'], faults: readonly number[]) {
  const platform = new ManualPlatform()
  const redis = embeddedTransport({ platform })
  const from = platform.now()
  const done: string[] = []
  const steps: string[] = []
  let calls = 0

  /** One step per invocation; some invocations fail before they do anything. */
  const handler = async (id: string, count: number, context: JobContext) => {
    const { slot, checkpoint } = context
    if (faults.includes(calls++ % 10)) throw new Error('The loader is away')
    const text = `${id} ${slot}`
    const step = Number(checkpoint.get() ?? 0)
    await platform.delay(0)
    steps.push(`${text} ${step}`)
    if (step + 1 < count) {
      await checkpoint.set(step + 1)
      return { count: 1, isComplete: false }
    }
    done.push(text)
    return 1
  }
  const isolates = [0, 1, 2].map(() => {
    const cache = new RedisCacheManager({ redis, platform, retries: 0 })
    const warming = new Warming({ cache, platform })
    for (const { id, schedule, priority, steps: count } of JOBS) {
      warming.register({
        id,
        name: id,
        schedule,
        priority,
        missed: 'all',
        mostMissed: 100,
        overlap: 'queue',
        retries: 100,
        retryAfter: 0,
        handler: (context) => handler(id, count, context),
      })
    }
    return warming
  })

  // All isolates come to life with a first heartbeat, from which on nothing may be missed.
  await beat(platform, [isolates[0]?.runDue(from)])
  let heartbeats = 1
  for (const beats of minutes) {
    await platform.advance(MINUTE)
    heartbeats += beats.length
    const now = platform.now()
    await beat(
      platform,
      beats.map(({ isolate, late }) => isolates[isolate]?.runDue(now - late * MINUTE)),
    )
  }
  const until = platform.now()
  // And with as many more as it takes to bring everything to its end.
  for (let i = 0; i < 70; i++) await beat(platform, [isolates[i % 3]?.runDue(until)])
  return { done, steps, heartbeats, from, until }
}

/** Waits for heartbeats, and fires the timers that their handlers wait for. */
async function beat(platform: ManualPlatform, runs: readonly unknown[]): Promise<void> {
  let isOver = false
  const all = Promise.all(runs).then(() => {
    isOver = true
  })
  while (!isOver) {
    platform.jump(0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await all
}

function slotsOf(job: (typeof JOBS)[number], from: number, until: number) {
  const slots = []
  for (let slot = from; slot <= until; slot += job.every * MINUTE) {
    slots.push({ job, text: `${job.id} ${slot}` })
  }
  return slots
}

function stepsOf(text: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, step) => `${text} ${step}`)
}
