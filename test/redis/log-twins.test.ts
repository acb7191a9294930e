import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command, Reply, Transport } from '../../src/redis/requester.ts'
import { LOG_APPEND, LOG_LOOK, LOG_MARK } from '../../src/redis/scripts/log.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const RUNS = amount(100, 2_000)
const KEYS = ['{m}:head', '{m}:entries', '{m}:marks'] as const
const LIFE = 5_000_000
/** An epoch of neither side, the current epoch, and positions around the ends of the log. */
const POSITIONS = [0, 1, 3, 50]

const step = fc.oneof(
  fc.record({
    kind: fc.constant('look' as const),
    isKnown: fc.boolean(),
    position: fc.constantFrom(...POSITIONS),
    isShort: fc.constantFrom('', '1'),
    shape: fc.constantFrom('', 'a', 'b', 'ab'),
    slots: fc.subarray([1, 2, 3]),
  }),
  fc.record({
    kind: fc.constant('mark' as const),
    token: fc.constantFrom('s', 't'),
    // Long past, or so far away that the duration of a run does not matter.
    untilMs: fc.constantFrom(-1_000, 1_000_000),
    text: fc.constantFrom('x y', '', 'ü\nz'),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    letter: fc.constantFrom('o', 'o', 'u', 'x'),
    token: fc.constantFrom('s', 't', ''),
    all: fc.constantFrom('', '1'),
    isKnown: fc.boolean(),
    position: fc.constantFrom('', ...POSITIONS),
    slots: fc.subarray([1, 2, 3]),
  }),
  fc.record({ kind: fc.constant('lose' as const), key: fc.constantFrom(...KEYS) }),
  fc.record({
    kind: fc.constant('spoil' as const),
    text: fc.constantFrom('', 'no mark', '12', '12u', '12uu x', '0 x'),
  }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One Redis, and the epoch that it returned last. */
class Side {
  readonly #transport: Transport
  #epoch = ''

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async run(step: Step): Promise<unknown> {
    const { result, error } = await this.#send(...this.#commandOf(step))
    if (step.kind === 'look' && Array.isArray(result)) this.#epoch = String(result[0])
    return [this.#normal(result), error, await this.#dump()]
  }

  #commandOf(step: Step): Command {
    switch (step.kind) {
      case 'look': {
        const epoch = step.isKnown ? this.#epoch : 'another'
        const { position, isShort, shape, slots } = step
        const args = ['n', LIFE, 4, epoch, position, isShort, 2, shape, ...slots]
        return ['EVALSHA', LOG_LOOK.sha1, 3, ...KEYS, ...args]
      }
      case 'mark':
        return [
          'EVALSHA',
          LOG_MARK.sha1,
          3,
          ...KEYS,
          'n',
          LIFE,
          step.token,
          step.untilMs,
          step.text,
        ]
      case 'append': {
        const epoch = step.isKnown ? this.#epoch : 'another'
        const { token, letter, all, position, slots } = step
        const args = ['n', LIFE, 4, token, letter, 'text', all, epoch, position, ...slots]
        return ['EVALSHA', LOG_APPEND.sha1, 3, ...KEYS, ...args]
      }
      case 'lose':
        return ['DEL', step.key]
      case 'spoil':
        return ['HSET', KEYS[2], 'spoilt', step.text]
    }
  }

  #send(...command: Command): Promise<{ result?: Reply; error?: string }> {
    return this.#transport.request<Reply>({ path: [], body: command })
  }

  async #dump(): Promise<unknown> {
    const [head, entries, marks] = KEYS
    const ttls = await Promise.all(KEYS.map((key) => this.#send('PTTL', key)))
    return [
      pairs((await this.#send('HGETALL', head)).result).map(([field, value]) =>
        field === 'epoch' || field === 'until' ? [field] : [field, value],
      ),
      (await this.#send('LRANGE', entries, 0, -1)).result,
      pairs((await this.#send('HGETALL', marks)).result).map(([token, text]) => [
        token,
        text?.replace(/^\d{13}/, '#'),
      ]),
      ttls.map(({ result }) => Math.round(Number(result) / 1_000_000)),
    ]
  }

  /** The epoch contains the time, and the marks of a hash come in no fixed order. */
  #normal(result: Reply | undefined): unknown {
    if (!Array.isArray(result)) return result
    if (result.length <= 2 && Array.isArray(result[1])) return [result[0], this.#normal(result[1])]
    return result.map((part, i) => {
      if (i === 0 && result.length === 6) return 'epoch'
      return Array.isArray(part) && i < 5 ? part.toSorted() : part
    })
  }
}

function pairs(flat: unknown): string[][] {
  const list = flat as string[]
  const all = Array.from({ length: list.length / 2 }, (_, i) => list.slice(2 * i, 2 * i + 2))
  return all.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

test.each(Object.entries({ LOG_LOOK, LOG_MARK, LOG_APPEND }))(
  '%s is named by the SHA-1 of its text',
  (_name, { lua, sha1 }) => {
    expect(createHash('sha1').update(lua).digest('hex')).toBe(sha1)
  },
)

describeWithRedis('the scripts of the change log', () => {
  const suite = suiteRedis([LOG_LOOK, LOG_MARK, LOG_APPEND])

  test('have the same effect in the embedded engine as in Redis, in random sequences', async ({
    task,
  }) => {
    const steps = await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => new Side(transport),
      length: { minLength: 3, maxLength: 25 },
      numRuns: RUNS,
    })
    found(task, 'change log scripts against Redis', { run: steps, violations: 0 })
  }, 120_000)
})
