import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command, Reply, Transport } from '../../src/redis/requester.ts'
import type { Script } from '../../src/redis/scripts/script.ts'
import * as scripts from '../../src/redis/scripts/session.ts'
import { STORE_COUNT, STORE_END, STORE_PUT, STORE_TOUCH } from '../../src/redis/scripts/store.ts'
import { TRACK, USER_LOOK, USER_PUT, USER_RENEW } from '../../src/redis/scripts/user.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const RUNS = amount(150, 2_000)

/** Ids of sessions: the time of creation, then a name. */
const IDS = ['0mbx00001-one', '0mbx00003-two', '0mbx00002-three']
/** The first hash occurs more often, so that calls use the right hash more often. */
const HASHES = ['hash-a', 'hash-a', 'hash-a', 'hash-b']
const WRITES = ['write-1', 'write-2', 'write-3']
/** Far apart, so that the duration of a run does not matter. */
const LIVES_MS = [2_000_000, 5_000_000, 40_000_000]
const IDLE_MS = [0, 1_000_000, 2_000_000]
const USER = 'u:{h}'
const INDEX = 'i:{h}'
const ACTIVITY = 'a:{h}'

const KINDS = [
  'create',
  'create',
  'create',
  'validate',
  'validate',
  'save',
  'save',
  'rotate',
  'rotate',
  'end',
  'revoke',
  'revoke others',
  'look',
  'put',
  'put if',
  'renew',
  'track',
  'store',
  'count',
  'ended',
  'touch',
  'again',
  'was used long ago',
  'has expired',
  'overlap is over',
  'lose',
  'spoil',
] as const

interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly id: string
  readonly hash: string
  readonly write: string
  readonly which: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  id: fc.constantFrom(...IDS),
  hash: fc.constantFrom(...HASHES),
  write: fc.constantFrom(...WRITES),
  which: fc.nat(20),
})

const one = (kind: Step['kind'], which: number, rest: Partial<Step> = {}): Step => ({
  ...{ kind, which, id: IDS[0] ?? '', hash: 'hash-a', write: 'write-1' },
  ...rest,
})

/** A fixed sequence for answers that a random run may miss. */
const STORY: readonly Step[] = [
  one('create', 1),
  one('validate', 2),
  one('save', 1),
  one('save', 3),
  one('rotate', 5),
  one('rotate', 5),
  one('overlap is over', 0),
  one('validate', 0),
  one('validate', 0, { hash: 'hash-b' }),
  one('create', 6, { id: IDS[1] ?? '' }),
  one('create', 3, { id: IDS[1] ?? '' }),
  one('was used long ago', 0),
  one('validate', 0, { hash: 'hash-b', id: IDS[1] ?? '' }),
  one('create', 1),
  one('validate', 0, { hash: 'hash-b' }),
  one('end', 0),
  one('validate', 0),
  one('create', 1, { id: IDS[2] ?? '' }),
  one('was used long ago', 0, { id: IDS[2] ?? '' }),
  one('validate', 0, { id: IDS[2] ?? '' }),
  one('spoil', 1),
  one('validate', 0),
  one('lose', 1),
  one('validate', 0, { id: IDS[2] ?? '' }),
]

function pick<T>(list: readonly T[], which: number): T {
  return list[which % list.length] as T
}

/** One Redis, and the state of its client. */
class Side {
  readonly words = new Map<string, number>()
  readonly #transport: Transport
  readonly #startedAt = Date.now()
  readonly #sent: Command[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Runs a step; what it returns must be the same on both sides. */
  async run(step: Step): Promise<unknown> {
    const command = step.kind === 'again' ? this.#before(step.which) : await this.#commandOf(step)
    if (step.kind !== 'again') this.#sent.push(command)
    const answer = await this.#transport.request<Reply>({ path: [], body: command })
    const { result } = answer
    const word = `${step.kind}: ${answer.error ? 'error' : Array.isArray(result) ? result[0] : result}`
    this.words.set(word, (this.words.get(word) ?? 0) + 1)
    // Errors about the script itself have different texts.
    const told = answer.error === undefined ? answer : { error: answer.error.split(' ', 1)[0] }
    return [this.#normal(told), await this.#dump()]
  }

  #before(which: number): Command {
    return this.#sent.length === 0 ? ['PING'] : pick(this.#sent, which)
  }

  async #commandOf({ kind, id, hash, write, which }: Step): Promise<Command> {
    const session = `s:{h}:${id}`
    const keys = [session, USER, INDEX]
    const life = pick(LIVES_MS, which)
    const idle = pick(IDLE_MS, which)
    const state = pick(['a', 'p', 'n'], which)
    switch (kind) {
      case 'create': {
        const hard =
          which === 7 ? 'another' : which === 8 ? await this.#text('HGET', USER, 'e') : ''
        const before = pick(['', ...IDS], which)
        const room = [pick([1, 100, 2], which), which % 2 === 0 ? 'refuse' : 'evict', hard, before]
        const args = [
          id,
          write,
          state,
          hash,
          life,
          Math.min(idle, life),
          `payload ${which}`,
          ...room,
        ]
        return evalsha(scripts.CREATE, keys, args)
      }
      case 'validate':
        return evalsha(scripts.VALIDATE, keys, [
          hash,
          id,
          pick([-1, -2, 0, 500_000, 5_000_000], which),
        ])
      case 'save':
      case 'rotate': {
        const rotation =
          kind === 'rotate' ? ['hash-b', pick([0, 900_000], which), write] : ['', 0, '']
        const from = which % 3 === 0 ? write : await this.#text('HGET', session, 'v')
        const args = [hash, id, from, pick(WRITES, which), state, `saved ${which}`, ...rotation]
        return evalsha(scripts.SAVE, keys, args)
      }
      case 'end':
        return evalsha(scripts.END, [session, INDEX], [id, 3_000_000])
      case 'revoke':
        return evalsha(scripts.REVOKE, [USER, INDEX], [`${write}-${which}`, life, ''])
      case 'revoke others':
        return evalsha(scripts.REVOKE, [USER, INDEX, session], [`${write}-${which}`, life, id])
      case 'look':
        return evalsha(USER_LOOK, [USER, INDEX], [write, life, pick(['m', 'd'], which)])
      case 'put':
        return evalsha(USER_PUT, [USER, INDEX], [write, life, 'm', `may ${which}`, '', which % 2])
      case 'put if': {
        const soft = which % 2 === 0 ? 'another' : await this.#text('HGET', USER, 'p')
        return evalsha(USER_PUT, [USER, INDEX], [write, life, 'd', `is ${which}`, soft, 0])
      }
      case 'renew':
        return evalsha(USER_RENEW, [USER, INDEX], [write, life, 'm', 'd'])
      case 'track':
        return evalsha(TRACK, [ACTIVITY, USER], [`did ${which}`, 5, life])
      case 'store':
        return evalsha(STORE_PUT, ['k:entry'], [`kept ${which}`, life, which % 2])
      case 'count':
        return evalsha(STORE_COUNT, [pick(['k:entry', 'k:counter'], which)], [life])
      case 'ended':
        return evalsha(STORE_END, ['k:entry'], [life])
      case 'touch':
        return evalsha(STORE_TOUCH, ['k:entry'], [which % 2 ? life : 0])
      case 'was used long ago':
        return ['HSET', session, 't', Date.now() - 1_500_000]
      case 'has expired':
        return ['HSET', session, 'x', Date.now() - 100_000]
      case 'overlap is over':
        return ['HSET', session, 'u', Date.now() - 100_000]
      case 'lose':
        return ['DEL', pick(keys, which)]
      case 'spoil':
        return ['SET', pick([...keys, ACTIVITY], which), 'of another type', 'PX', 4_000_000]
      default:
        return ['PING']
    }
  }

  async #text(...command: Command): Promise<string> {
    const { result } = await this.#transport.request<Reply>({ path: [], body: command })
    return typeof result === 'string' ? result : 'none'
  }

  /** All keys with their values and, roughly, their time to live. */
  async #dump(): Promise<unknown> {
    const dump: unknown[] = []
    for (const key of [
      ...IDS.map((id) => `s:{h}:${id}`),
      USER,
      INDEX,
      ACTIVITY,
      'k:entry',
      'k:counter',
    ]) {
      const read: Record<string, Command> = {
        hash: ['HGETALL', key],
        zset: ['ZRANGE', key, 0, -1, 'WITHSCORES'],
        string: ['GET', key],
        none: ['EXISTS', key],
      }
      const type = await this.#text('TYPE', key)
      const { result } = await this.#transport.request<Reply>({ path: [], body: read[type] ?? [] })
      const { result: ttl } = await this.#transport.request({ path: [], body: ['PTTL', key] })
      const sorted = type === 'hash' ? pairs(result).sort() : result
      dump.push([key, this.#normal(sorted), Math.round(Number(ttl) / 100_000)])
    }
    return dump
  }

  /** Replaces every time by its distance from the start, in units longer than a run. */
  #normal(answer: unknown): unknown {
    const text = JSON.stringify(answer ?? null).replaceAll(/\b1\d{12}\b/g, (time) =>
      String(Math.floor((Number(time) - this.#startedAt + 20_000) / 100_000)),
    )
    return JSON.parse(text)
  }
}

function pairs(reply: unknown): string[] {
  const flat = Array.isArray(reply) ? reply : Object.entries(Object(reply)).flat()
  return flat.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${flat[i + 1]}`] : []))
}

function evalsha(
  { sha1 }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Command {
  return ['EVALSHA', sha1, keys.length, ...keys, ...args]
}

describeWithRedis('the scripts of sessions', () => {
  const suite = suiteRedis(scripts.SESSION_SCRIPTS)

  test('have the same hashes in Redis as in this library', async () => {
    const body = ['SCRIPT', 'EXISTS', ...scripts.SESSION_SCRIPTS.map(({ sha1 }) => sha1)]

    expect(await suite.redis.request({ path: [], body })).toEqual({
      result: scripts.SESSION_SCRIPTS.map(() => 1),
    })
  })

  test('have the same effect in the embedded engine as in Redis, in random sequences', async ({
    task,
  }) => {
    const words = new Map<string, number>()
    const steps = await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => new Side(transport),
      length: { minLength: 8, maxLength: 40 },
      numRuns: RUNS,
      told: [STORY],
      heard: (real) => {
        for (const [word, count] of real.words) words.set(word, (words.get(word) ?? 0) + count)
      },
    })
    found(task, 'scripts of sessions beside their twins', { steps, differences: 0 })
    for (const word of ['ok', 'absent', 'revoked', 'superseded', 'expired', 'error']) {
      expect(words.get(`validate: ${word}`) ?? 0, word).toBeGreaterThan(0)
    }
    for (const word of ['create: limit', 'save: saved', 'save: conflict', 'rotate: rotated']) {
      expect(words.get(word) ?? 0, word).toBeGreaterThan(0)
    }
  }, 300_000)
})
