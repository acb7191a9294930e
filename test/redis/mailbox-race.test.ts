import { expect, test } from 'vitest'
import { type RaceOptions, race } from '../../bench/email/race.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** The processes also run the sources, not the build. */
const nodeOptions = ['--conditions=nearcache:source']

const MAILBOX = { seed: 5, emails: 1_000, queries: 40, nodeOptions } as const

function counts({
  reads,
  writes,
  contended,
  wrong,
  spread,
}: Awaited<ReturnType<typeof race>>): Record<string, number> {
  return { reads, writes, 'reads that met a write': contended, wrong, spread }
}

describeWithRedis('a mailbox of several processes on one Redis and one SQLite file', () => {
  test.for([
    ['remotely', 'nearcache'],
    ['and in each process', 'near'],
    ['and in each process, with a lag', 'lag'],
  ] as const)(
    'kept %s, answers like a fresh query at some instant during the read',
    {
      timeout: amount(120_000, 900_000),
    },
    async ([, contender], { task }) => {
      const options: RaceOptions = {
        ...MAILBOX,
        contender,
        readers: 8,
        writers: 4,
        reads: amount(100, 2_500),
        pauseMs: 20,
      }

      const result = await race(options)

      found(task, `${contender}, 8 readers, 4 writers`, counts(result))
      expect(result.disagreements).toBe(0)
      expect(result.reads).toBe(options.reads * options.readers)
      expect(result.contended).toBeGreaterThan(0)
      expect(result.statements).toBeLessThan(result.reads)
      expect(result.wrong).toBe(0)
    },
  )

  // Shows that the check above can fail.
  test('gives wrong answers, which the check finds, if writers do not notify it', {
    timeout: 120_000,
  }, async ({ task }) => {
    const result = await race({
      ...MAILBOX,
      contender: 'untold',
      readers: 1,
      writers: 1,
      reads: 200,
      pauseMs: 2,
    })

    found(task, '1 reader, 1 writer that does not tell', counts(result))
    expect(result.disagreements).toBe(0)
    expect(result.wrong).toBeGreaterThan(0)
  })
})
