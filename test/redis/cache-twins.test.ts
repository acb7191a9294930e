import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command, RedisResponse, Reply, Transport } from '../../src/redis/requester.ts'
import * as scripts from '../../src/redis/scripts/protocol.ts'
import type { Script } from '../../src/redis/scripts/script.ts'
import { SEEK } from '../../src/redis/scripts/seek.ts'
import { amount } from '../support/deep.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const RUNS = amount(150, 2_000)
const SCRIPTS = [...scripts.SCRIPTS, SEEK]

const ENTRIES = ['{a}', '{b}']
const TAGS = ['t', 'u', 'v']
/** Few, so that they repeat: a repeated nonce is a request that was sent twice. */
const NONCES = ['nonce-of-16-char', 'nonce-of-another', 'n-3-of-sixteen--']
/** None is half of another, so that the duration of a run does not matter. */
const LIVES_MS = [1_000_000, 3_000_000, 40_000_000]
/** What a reader has seen: no entry, a text that is not an entry, or else the latest write. */
const PREFIXES = ['', '?', undefined]
/** A marker, and the little time that it has left: less than half of any life. */
const AGED = ['aged-1600000000000000.0', 'PX', 400_000]
/** Texts that are not markers or leases, some of them nearly. */
const GARBAGE = [
  '',
  '.',
  'x',
  'x.',
  '.0',
  'x-.0',
  'x-1',
  'x-1.',
  'x-1.0.0',
  '-1.0',
  'n1-5',
  'ü-1.0',
  'x y-1.0',
  `${'x'.repeat(126)}-1.0`,
  `${'x'.repeat(125)}-1.0`,
  'x-1.0\n',
]

interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly entry: string
  readonly tags: readonly string[]
  readonly nonce: string
  readonly life: number
  /** For a request that is sent again: which earlier request it repeats. */
  readonly which: number
}

const KINDS = [
  'acquire',
  'seek',
  'commit',
  'take',
  'mark',
  'late',
  'soft',
  'release',
  'prolong',
  'replace',
  'store',
  'again',
  'drop lease',
  'drop entry',
  'drop marker',
  'age marker',
  'spoil marker',
  'spoil lease',
] as const

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  entry: fc.constantFrom(...ENTRIES),
  tags: fc.subarray(TAGS),
  nonce: fc.constantFrom(...NONCES),
  life: fc.constantFrom(...LIVES_MS),
  which: fc.nat(20),
})

/** One Redis, and the state of its client. */
class Side {
  readonly #transport: Transport
  readonly #ids = new Map<string, string>()
  readonly #tokens = new Map<string, string>()
  readonly #sent: Command[] = []
  readonly #writes = new Map<string, string>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Runs a step; what it returns must be the same on both sides. */
  async run(step: Step): Promise<unknown> {
    const command = this.#commandOf(step)
    if (step.kind !== 'again') this.#sent.push(command)
    const answer = await this.#transport.request<Reply>({ path: [], body: command })
    this.#learn(step, answer)
    return [this.#normal(answer), await this.#dump()]
  }

  #commandOf({ kind, entry, tags, nonce, life, which }: Step): Command {
    const names = { entry: `e:${entry}`, lease: `l:${entry}` }
    const markers = tags.map((tag) => `t:${tag}`)
    const token = this.#tokens.get(`${nonce} ${entry}`) ?? `${nonce}-1`
    const write = `N1;${nonce};`
    const garbage = GARBAGE[which % GARBAGE.length] ?? ''
    switch (kind) {
      case 'acquire':
        return evalsha(
          scripts.ACQUIRE,
          [names.lease, names.entry, ...markers],
          [nonce, life, life, PREFIXES[which % PREFIXES.length] ?? this.#writes.get(entry) ?? ''],
        )
      case 'seek':
        return evalsha(SEEK, [names.entry, names.lease, ...markers], [nonce, life, life])
      case 'take':
        return evalsha(scripts.TAKE, [names.lease, names.entry, ...markers], [nonce, life, life])
      case 'commit':
        return evalsha(
          scripts.COMMIT,
          [names.entry, names.lease],
          [token, `${write}committed ü`, life, write],
        )
      case 'mark':
        return evalsha(scripts.MARK, markers, [nonce, life])
      case 'late':
        return evalsha(scripts.LATE, ['t:epoch', ...markers], [nonce, life])
      case 'soft':
        return evalsha(scripts.SOFT, ['t:epoch', ...markers], [nonce])
      case 'release':
        return evalsha(scripts.RELEASE, [names.lease], [which % 2 ? token : nonce, '0'])
      case 'prolong':
        return evalsha(scripts.RELEASE, [names.lease], [token, life])
      case 'replace':
        return evalsha(
          scripts.REPLACE,
          [names.entry],
          [this.#writes.get(entry) ?? write, `${write}replaced`, life],
        )
      case 'store': {
        const args = [nonce, life, life, `${write}stored `, '\npayload', ...tags]
        return evalsha(scripts.STORE, [names.entry, names.lease, ...markers], args)
      }
      case 'again':
        return this.#sent[which % Math.max(1, this.#sent.length)] ?? ['PING']
      case 'drop lease':
        return ['DEL', names.lease]
      case 'drop entry':
        return ['DEL', names.entry]
      case 'drop marker':
        return ['DEL', 't:epoch', ...markers]
      case 'age marker':
        return ['SET', markers[0] ?? 't:epoch', ...AGED]
      case 'spoil marker':
        return ['SET', markers[0] ?? 't:epoch', garbage, 'PX', 400_000]
      case 'spoil lease':
        return ['SET', names.lease, garbage, 'PX', 500_000]
    }
  }

  #learn({ kind, entry, nonce }: Step, { result }: RedisResponse<Reply>): void {
    if ((kind === 'acquire' || kind === 'take') && Array.isArray(result)) {
      this.#tokens.set(`${nonce} ${entry}`, String(result[0]))
    }
    if (kind === 'commit' || kind === 'store') this.#writes.set(entry, `N1;${nonce};`)
  }

  /** All keys with their values and, roughly, their time to live. */
  async #dump(): Promise<unknown> {
    const { result = [] } = await this.#transport.request<string[]>({
      path: [],
      body: ['KEYS', '*'],
    })
    const dump: unknown[] = []
    for (const key of result.toSorted()) {
      const value = await this.#transport.request({ path: [], body: ['GET', key] })
      const { result: ttl } = await this.#transport.request({ path: [], body: ['PTTL', key] })
      dump.push([key, this.#normal(value), Math.round(Number(ttl) / 100_000)])
    }
    return dump
  }

  /** Replaces the server's time in every id by the order of its first appearance. */
  #normal(answer: unknown): unknown {
    const text = JSON.stringify(answer).replaceAll(/-\d{16}\b/g, (time) => {
      const known = this.#ids.get(time) ?? `-#${this.#ids.size}`
      this.#ids.set(time, known)
      return known
    })
    return JSON.parse(text)
  }
}

function evalsha(
  { sha1 }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Command {
  return ['EVALSHA', sha1, keys.length, ...keys, ...args]
}

describeWithRedis('the scripts of the protocol', () => {
  const suite = suiteRedis(SCRIPTS)

  test('have the same hashes in Redis as in this library', async () => {
    const body = ['SCRIPT', 'EXISTS', ...SCRIPTS.map(({ sha1 }) => sha1)]

    expect(await suite.redis.request({ path: [], body })).toEqual({
      result: SCRIPTS.map(() => 1),
    })
  })

  test('have the same effect in the embedded engine as in Redis, in random sequences', async () => {
    await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => new Side(transport),
      length: { minLength: 5, maxLength: 25 },
      numRuns: RUNS,
    })
  }, 120_000)
})
