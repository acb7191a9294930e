import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddedRedis, type ScriptTwin } from '../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { amount } from '../support/deep.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import {
  GENERATED_COMMANDS,
  SCRIPT,
  STEPS_A_RUN,
  type Step,
  steps,
  type Word,
} from './differential-grammar.ts'
import { report } from './differential-report.ts'

const TOTAL_COMMANDS = amount(6_000, 210_000)
/** Longer than a run takes, shorter than any time to live that the grammar has. */
const TOLERANCE_MS = 5_000

const FOREVER_MS = Number.MAX_SAFE_INTEGER

const NAMES = [...new EmbeddedRedis().commands.keys()]

/** The twin of the grammar's script. */
const TWIN: ScriptTwin = {
  sha1: SCRIPT.sha1,
  run: (call) => {
    call('RPUSH', 'n', '3')
    return call('LRANGE', 'n', 0, -1)
  },
}

type Answer = { readonly result?: unknown; readonly error?: string | undefined }

/** Replies whose order Redis does not define, with the number of words that form one item. */
const UNORDERED: Readonly<Record<string, number>> = {
  KEYS: 1,
  SMEMBERS: 1,
  SINTER: 1,
  SUNION: 1,
  SDIFF: 1,
  SPOP: 1,
  SRANDMEMBER: 1,
  HKEYS: 1,
  HVALS: 1,
  HGETALL: 2,
}
const SCANS: Readonly<Record<string, number>> = { SCAN: 1, SSCAN: 1, HSCAN: 2, ZSCAN: 2 }
const WITH_PAIRS = /^with(?:values|scores)$/i
const TIMES: Readonly<Record<string, number>> = {
  TTL: 1_000,
  PTTL: 1,
  EXPIRETIME: 1_000,
  PEXPIRETIME: 1,
}

/** Replies of which only the form can be compared: they depend on chance, time or the process. */
const SHAPES: Readonly<Record<string, RegExp>> = {
  RANDOMKEY: /./,
  TIME: /^\d+$/,
  INFO: /^# \w+/,
  OBJECT: /^\d+$/,
  // Redis counts a key with an expiry in the past until the key is accessed.
  DBSIZE: /^\d+$/,
}

/** Cuts a flat list into groups and sorts them. */
function sorted(list: unknown, width: number): unknown {
  if (!Array.isArray(list)) return list
  const groups: string[] = []
  for (let index = 0; index < list.length; index += width) {
    groups.push(JSON.stringify(list.slice(index, index + width)))
  }
  return groups.sort()
}

/** Whether it is a SORT BY a pattern without `*`, which leaves the order of a set undefined. */
function isUnsorted(name = '', words: readonly string[]): boolean {
  const by = words.findIndex((word) => /^by$/i.test(word))
  return name.startsWith('SORT') && by >= 0 && !words[by + 1]?.includes('*')
}

/** The part of an answer that must be equal on both sides. */
function comparable([name, ...words]: readonly string[], answer: Answer, now: number): unknown {
  const { error } = answer
  const result = name?.startsWith('Z') ? withoutNegativeZero(answer.result) : answer.result
  // Errors of scripts contain a line number, which twins do not have.
  if (error !== undefined) return { error: error.replace(/, on @user_script:\d+\.$/, '') }
  // Redis reports the size of an expired key until the key is accessed.
  if (name === 'MEMORY') return 'a size, or none'
  const shape = SHAPES[name ?? '']
  if (shape) return [result].flat().map((part) => (part === null ? null : shape.test(`${part}`)))
  const last = words.at(-1) ?? ''
  if (name === 'HRANDFIELD' || name === 'ZRANDMEMBER') {
    return sorted(result, WITH_PAIRS.test(last) ? 2 : 1)
  }
  if (isUnsorted(name, words) && Array.isArray(result)) {
    return words.some((word) => /^limit$/i.test(word)) ? result.length : sorted(result, 1)
  }
  const width = UNORDERED[name ?? '']
  if (width !== undefined) return sorted(result, width)
  const scanWidth = SCANS[name ?? '']
  if (scanWidth !== undefined && Array.isArray(result)) {
    return [result[0], sorted(result[1], scanWidth)]
  }
  const unit = TIMES[name ?? '']
  if (unit !== undefined && typeof result === 'number' && result > 0) {
    const isAbsolute = name?.endsWith('EXPIRETIME')
    const left = result * unit - (isAbsolute ? now : 0)
    // The distance to the largest possible instant differs between the two clocks.
    return { msLeft: Math.min(left, FOREVER_MS) }
  }
  return rounded(result)
}

/** Redis keeps a score of -0 in large sorted sets and in some that were sorted, so -0 is not compared. */
function withoutNegativeZero(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(withoutNegativeZero)
  return result === '-0' ? '0' : result
}

/** The client reads integers beyond 2^53 with another rounding than JavaScript does. */
function rounded(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(rounded)
  const isLarge = Number.isInteger(result) && !Number.isSafeInteger(result)
  return isLarge ? (result as number).toPrecision(12) : result
}

/** Whether two answers are lifetimes that differ only by the tolerance for the two clocks. */
function isSameLifetime(ours: unknown, theirs: unknown): boolean {
  const [left, right] = [ours, theirs].map(
    (answer) => (answer as { msLeft?: number } | null)?.msLeft,
  )
  return Math.abs((left ?? Number.NaN) - (right ?? Number.NaN)) <= TOLERANCE_MS
}

function resolve(words: readonly Word[], now: number): string[] {
  return words.map((word) => {
    if (typeof word === 'string') return word
    const at = now + word.offsetMs
    return String(word.unit === 'seconds' ? Math.round(at / 1_000) : at)
  })
}

describeWithRedis('EmbeddedRedis beside a real redis-server', () => {
  let server: RedisServer
  let client: Redis

  beforeAll(async () => {
    server = await startRedisServer()
    client = new Redis(server.port, { protocol: 2 })
    await client.call('SCRIPT', 'LOAD', SCRIPT.lua)
  })

  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  async function onServer(commands: readonly (readonly string[])[]): Promise<Answer[]> {
    const pipeline = client.pipeline()
    for (const [name = '', ...args] of commands) pipeline.call(name, ...args)
    const answers = (await pipeline.exec()) ?? []
    return answers.map(([error, result]) => (error ? { error: error.message } : { result }))
  }

  /** Advances time on the server by shortening the time to live of each key. */
  async function advanceServer(ms: number): Promise<void> {
    const keys = await client.keys('*')
    for (const key of keys) {
      const left = await client.pttl(key)
      if (left >= 0) await client.pexpire(key, left - ms)
    }
  }

  const STRING_DUMPS = ['GET', 'STRLEN', 'BITCOUNT']
  const byteAt = (_: unknown, index: number): string[] => ['GET', 'u8', `#${index}`]

  /** The command that dumps the contents of a key, by its type. */
  const DUMPS: Readonly<Record<string, (key: string) => [string, ...string[]]>> = {
    string: (key) => ['BITFIELD_RO', key, ...Array.from({ length: 64 }, byteAt).flat()],
    hash: (key) => ['HGETALL', key],
    set: (key) => ['SMEMBERS', key],
    zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    list: (key) => ['LRANGE', key, '0', '-1'],
  }

  async function compareAll(engine: EmbeddedRedis, platform: ManualPlatform): Promise<void> {
    const keys = (await client.keys('*')).sort()
    expect([...(engine.execute(['KEYS', '*']).result as string[])].sort()).toEqual(keys)
    for (const key of keys) {
      const type = await client.type(key)
      await compare(engine, platform, [
        ['TYPE', key],
        ['PTTL', key],
        ...(type === 'string' ? STRING_DUMPS.map((name): [string, string] => [name, key]) : []),
        DUMPS[type]?.(key) ?? ['TYPE', key],
      ])
    }
    expect(engine.execute(['DBSIZE']).result).toBe(keys.length)
  }

  async function compare(
    engine: EmbeddedRedis,
    platform: ManualPlatform,
    commands: readonly (readonly [string, ...Word[]])[],
  ): Promise<void> {
    const serverNow = Date.now()
    const theirs = commands.map((words) => resolve(words, serverNow))
    const answers = await onServer(theirs)
    for (const [index, words] of commands.entries()) {
      const ours = resolve(words, platform.now())
      const answer = engine.execute(ours as [string, ...string[]])
      const expected = comparable(theirs[index] ?? [], answers[index] ?? {}, serverNow)
      const actual = comparable(ours, answer, platform.now())
      if (isSameLifetime(actual, expected)) continue
      expect({ command: ours, answer: actual }).toEqual({ command: ours, answer: expected })
    }
  }

  async function runBoth(sequence: readonly Step[]): Promise<void> {
    await client.flushall()
    const platform = new ManualPlatform()
    const engine = new EmbeddedRedis({ platform, twins: [TWIN] })
    let batch: (readonly [string, ...Word[]])[] = []
    for (const step of sequence) {
      if (step.kind === 'command') {
        batch.push(step.words)
        continue
      }
      await compare(engine, platform, batch)
      batch = []
      await platform.advance(step.ms)
      await advanceServer(step.ms)
    }
    await compare(engine, platform, batch)
    await compareAll(engine, platform)
  }

  test('answers random commands like Redis, and has the same data at the end', {
    timeout: TOTAL_COMMANDS * 20,
  }, async ({ task }) => {
    let commands = 0
    const property = fc.asyncProperty(steps, async (sequence) => {
      commands += sequence.filter(({ kind }) => kind === 'command').length
      await runBoth(sequence)
    })
    await report([task, 'differential'], () => ({ commands }), property, {
      numRuns: Math.ceil(TOTAL_COMMANDS / STEPS_A_RUN),
      endOnFailure: process.env['SHRINK'] !== '1',
    })
  })

  test('accepts the same number of arguments as Redis for each command', async () => {
    const infos = (await client.call('COMMAND', 'INFO', ...NAMES)) as [string, number][]

    const theirs = infos.map(([name, arity]) => [name.toUpperCase(), arity])
    expect([...new EmbeddedRedis().commands]).toEqual(theirs)
  })

  test('is compared on every command that it supports', () => {
    const missing = NAMES.filter((name) => !GENERATED_COMMANDS.includes(name))

    expect(missing).toEqual([])
  })
})
