import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Command, Reply, Transport } from '../../src/redis/requester.ts'
import * as scripts from '../../src/redis/scripts/presence.ts'
import * as reads from '../../src/redis/scripts/presence-reads.ts'
import type { Script } from '../../src/redis/scripts/script.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const HOME = 'nc:{ws}'
const CONNS = ['c1', 'c2', 'c3', 'c4']
const USERS = ['ada', 'bob']
const ROOMS = ['r1', 'r2', 'r3']
const NODES = ['n1', 'n2']
/** Far apart, so that the duration of a run does not matter. */
const LEASES_MS = [2_000_000, 50_000_000]
/** Added to the lease of each step, so that later leases end later on both sides, however fast they run. */
const APART_MS = 100_000
const LIFE_MS = 400_000_000

const KINDS = [
  ...[
    'open',
    'open',
    'open',
    'join',
    'join',
    'join',
    'active',
    'active',
    'leave',
    'close',
    'drain',
  ],
  ...['connections', 'list', 'list', 'users', 'room', 'room', 'nodes', 'status', 'event'],
  ...['again', 'lapse', 'lapse', 'lose', 'spoil'],
] as const

interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly conn: string
  readonly user: string
  readonly room: string
  readonly which: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  conn: fc.constantFrom(...CONNS),
  user: fc.constantFrom(...USERS),
  room: fc.constantFrom(...ROOMS),
  which: fc.nat(20),
})

const one = (kind: Step['kind'], rest: Partial<Step> = {}): Step => ({
  ...{ kind, conn: 'c1', user: 'ada', room: 'r1', which: 0 },
  ...rest,
})

/** A fixed sequence for answers that a random run may miss. */
const STORY: readonly Step[] = [
  one('open', { which: 1 }),
  one('open', { which: 1 }),
  one('open', { conn: 'c2', which: 1 }),
  one('open', { conn: 'c3', which: 3 }),
  one('join', { which: 1 }),
  one('join', { which: 1 }),
  one('join', { user: 'bob', which: 1 }),
  one('join', { room: 'r2', which: 1 }),
  one('join', { room: 'r3', which: 4 }),
  one('join', { conn: 'c2', which: 5 }),
  one('open', { conn: 'c3', which: 1 }),
  one('open', { conn: 'c4', user: 'bob', which: 2 }),
  one('join', { conn: 'c4', room: 'r2', which: 1 }),
  one('room', { which: 1 }),
  one('leave', { conn: 'c2' }),
  one('status', { which: 1 }),
  one('users'),
  one('close', { which: 1 }),
  one('open', { which: 1 }),
  one('again', { which: 0 }),
  one('leave'),
  one('lapse', { conn: 'c2' }),
  one('active', { conn: 'c2' }),
  one('room'),
  one('drain'),
  one('nodes'),
  one('event', { which: 5 }),
  one('event', { which: 4 }),
  one('event', { which: 4 }),
]

/** Full rooms, connections in too many rooms, and users with too many connections. */
const FULL: readonly Step[] = [
  one('open', { which: 3 }),
  one('open', { conn: 'c2', which: 7 }),
  one('open', { conn: 'c3', which: 15 }),
  one('join', { which: 3 }),
  one('join', { conn: 'c2', which: 3 }),
  one('join', { conn: 'c3', which: 3 }),
  one('open', { conn: 'c4', which: 5 }),
  one('join', { room: 'r2', which: 3 }),
  one('join', { room: 'r3', which: 3 }),
  one('join', { which: 1 }),
  one('join', { user: 'bob', which: 1 }),
  one('join', { conn: 'c2', which: 1 }),
  one('join', { conn: 'c3', room: 'r3', which: 1 }),
  one('room', { which: 2 }),
  one('spoil', { which: 5 }),
  one('room'),
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
    const commands = this.#commandsOf(step)
    const answers: unknown[] = []
    for (const body of commands) {
      const { result, error } = await this.#transport.request<Reply>({ path: [], body })
      const word = error === undefined ? `${Array.isArray(result) ? 'list' : result}` : 'error'
      this.words.set(`${step.kind}: ${word}`, (this.words.get(`${step.kind}: ${word}`) ?? 0) + 1)
      // Errors about the script itself have different texts.
      answers.push(error === undefined ? normalReply(result) : error.split(' ', 1)[0])
    }
    return [this.#normal(answers), await this.#dump()]
  }

  #commandsOf(step: Step): readonly Command[] {
    if (step.kind === 'again')
      return [this.#sent.length === 0 ? ['PING'] : pick(this.#sent, step.which)]
    const commands = this.#made(step)
    this.#sent.push(...commands)
    return commands
  }

  #made({ kind, conn, user, room, which }: Step): readonly Command[] {
    const lease = pick(LEASES_MS, which) + this.#sent.length * APART_MS
    switch (kind) {
      case 'open': {
        const who = which % 4 === 3 ? '' : user
        const rooms = which % 3 === 2 ? [room, `about ${room}`, who && `info ${which}`] : []
        const args = [conn, `write ${which % 5}`, who, `is ${user}`, pick(NODES, which), lease, 'd']
        return [run(scripts.WS_OPEN, ...args, LIFE_MS, 2, 2, ...rooms)]
      }
      case 'join': {
        const who = which % 3 === 0 ? '' : user
        const rest = [who && `is ${user}`, who && `info ${which}`, LIFE_MS, 2, 2, 2]
        return [run(scripts.WS_JOIN, conn, room, `about ${room}`, who, ...rest)]
      }
      case 'active':
        return [run(scripts.WS_ACTIVE, lease, LIFE_MS, conn, pick(CONNS, which))]
      case 'leave':
        return [run(scripts.WS_LEAVE, conn, room)]
      case 'close':
        return [run(scripts.WS_CLOSE, 3_000_000, LIFE_MS, conn, pick(CONNS, which))]
      case 'drain':
        return [run(scripts.WS_DRAIN, 3_000_000, LIFE_MS, pick(NODES, which), (which % 3) + 1)]
      case 'connections':
        return [run(reads.WS_CONNECTIONS, ...CONNS)]
      case 'list':
        return [
          run(reads.WS_LIST, ...(which % 2 === 0 ? ['u', user] : ['m', room]), (which % 3) + 1),
        ]
      case 'users':
        return [run(reads.WS_USERS, ...USERS)]
      case 'room':
        return [run(reads.WS_ROOM, room, (which % 3) + 1)]
      case 'nodes':
        return [run(reads.WS_NODES)]
      case 'status': {
        const said = [pick(['away', 'busy', ''], which), `is ${which}`, pick([0, lease], which)]
        return [run(reads.WS_STATUS, user, `is ${user}`, ...said, LIFE_MS)]
      }
      case 'event':
        return [
          run(
            reads.WS_EVENT,
            room,
            `event ${which}`,
            pick(['', 'e1', 'e2'], which >> 2),
            which,
            lease,
          ),
        ]
      case 'lapse':
        return lapsed(conn, user, room, which, this.#sent.length)
      case 'lose':
        return [['DEL', pick(keys(conn, user, room), which)]]
      default:
        return which % 5 === 0
          ? [['SET', pick(keys(conn, user, room), which), 'of another type', 'PX', LIFE_MS]]
          : [['PING']]
    }
  }

  /** All keys with their values and, roughly, their time to live. */
  async #dump(): Promise<unknown> {
    const send = async (...body: Command): Promise<Reply> =>
      (await this.#transport.request<Reply>({ path: [], body })).result ?? null
    const dump: unknown[] = []
    for (const key of ((await send('KEYS', '*')) as string[]).toSorted()) {
      const type = await send('TYPE', key)
      const value =
        type === 'hash'
          ? pairs(await send('HGETALL', key))
          : await (type === 'zset' ? send('ZRANGE', key, 0, -1, 'WITHSCORES') : send('GET', key))
      dump.push([key, this.#normal(value), Math.round(Number(await send('PTTL', key)) / 100_000)])
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

/** Expires a lease in some of the places where it is stored. */
function lapsed(
  conn: string,
  user: string,
  room: string,
  which: number,
  step: number,
): readonly Command[] {
  const ended = Date.now() - 5 * APART_MS - step * APART_MS
  const everywhere: readonly Command[] = [
    ['DEL', `${HOME}:c:${conn}`],
    ['ZADD', `${HOME}:u:${user}`, 'XX', ended, conn],
    ['ZADD', `${HOME}:m:${room}`, 'XX', ended, conn],
    ['ZADD', `${HOME}:w:${room}`, 'XX', ended, user],
    ['ZADD', `${HOME}:n:${pick(NODES, which)}`, 'XX', ended, conn],
  ]
  return everywhere.slice(which % 3)
}

function keys(conn: string, user: string, room: string): readonly string[] {
  const rooms = ['m', 'w', 'i', 'e'].map((kind) => `${HOME}:${kind}:${room}`)
  return [`${HOME}:c:${conn}`, `${HOME}:u:${user}`, `${HOME}:p:${user}`, `${HOME}:n`, ...rooms]
}

function run({ sha1 }: Script, ...args: readonly (string | number)[]): Command {
  return ['EVALSHA', sha1, 1, HOME, ...args]
}

/** Sorts lists of fields, which have no order. Other lists stay unchanged. */
function normalReply(reply: unknown): unknown {
  if (!Array.isArray(reply)) return reply
  return isFields(reply) ? pairs(reply) : reply.map(normalReply)
}

function isFields(reply: readonly unknown[]): boolean {
  return reply.length > 6 && reply.length % 2 === 0 && reply.every((one) => typeof one === 'string')
}

function pairs(reply: unknown): string[] {
  const flat = Array.isArray(reply) ? reply : Object.entries(Object(reply)).flat()
  return flat.flatMap((text, i) => (i % 2 === 0 ? [`${text}=${flat[i + 1]}`] : [])).toSorted()
}

test('the scripts of presence are named by the SHA-1 of their texts', () => {
  const hashes = reads.PRESENCE_SCRIPTS.map(({ lua }) =>
    createHash('sha1').update(lua).digest('hex'),
  )

  expect(hashes).toEqual(reads.PRESENCE_SCRIPTS.map(({ sha1 }) => sha1))
  expect(new Set(hashes).size).toBe(13)
})

describeWithRedis('the scripts of presence', () => {
  const suite = suiteRedis(reads.PRESENCE_SCRIPTS)

  test('have the same effect in the embedded engine as in Redis, in random sequences', async ({
    task,
  }) => {
    const words = new Map<string, number>()
    const steps = await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => new Side(transport),
      length: { minLength: 8, maxLength: 40 },
      numRuns: amount(60, 2_000),
      told: [STORY, FULL],
      heard: (real) => {
        for (const [word, count] of real.words) words.set(word, (words.get(word) ?? 0) + count)
      },
    })
    found(task, 'scripts of presence beside their twins', { steps, differences: 0 })
    const answers = [
      'open: 1',
      'open: 0',
      'open: connections',
      'open: members',
      'join: 0',
      'join: 1',
    ]
    for (const word of [...answers, 'join: 2', 'join: user', 'join: rooms', 'join: members']) {
      expect(words.get(word) ?? 0, word).toBeGreaterThan(0)
    }
    for (const word of ['join: connections', 'leave: 1', 'close: 1', 'event: 0', 'room: error']) {
      expect(words.get(word) ?? 0, word).toBeGreaterThan(0)
    }
  }, 300_000)
})
