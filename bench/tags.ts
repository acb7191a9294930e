/**
 * What it costs to invalidate a tag of 100,000 entries, and to read entries with tags: nearcache compared with
 * sets of keys that the application maintains through a bare client.
 *
 * @module
 */

import { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { startRedisServer } from '../test/support/redis-server.ts'
import type { Report, Target } from './measure.ts'

const ENTRIES = 100_000
const BATCH = 1_000
/** Reads over which the commands of a read are averaged. */
const READS = 1_000
const ALL = 'all'

interface Subject {
  readonly name: string
  fill(keys: readonly string[]): Promise<void>
  read(key: string): Promise<unknown>
  invalidate(): Promise<unknown>
}

/** Runs the benchmark. */
export async function benchTags(): Promise<Report> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  const cache = new RedisCacheManager({
    redis: tcpTransport({ url: server.url }),
    deadline: '10s',
  })
  try {
    const own = await measure(ours(cache), redis)
    const other = await measure(byHand(redis), redis)
    return {
      title: `Invalidating a tag of ${ENTRIES} entries`,
      rounds: 0,
      ratios: [],
      figures: [],
      counts: {},
      targets: targetsOf(own),
      tables: [{ title: 'tags', heads: HEADS, rows: [own, other].map(cellsOf) }],
      notes: [
        'Over TCP, one run. Each entry has two tags. Commands are counted by Redis, including those inside scripts.',
      ],
    }
  } finally {
    await cache.close()
    redis.disconnect()
    await server.stop()
  }
}

/** What one subject cost. */
interface Found {
  readonly name: string
  readonly insertMs: number
  readonly commandsToInsert: number
  readonly commandsToRead: number
  readonly commandsToInvalidate: number
  readonly invalidateMs: number
  readonly commandsToReadAfter: number
  readonly foundAfter: number
}

function targetsOf(own: Found): Target[] {
  const atMost = (what: string, measured: number, bound: number): Target => ({
    what,
    measured,
    bound: { atMost: bound },
  })
  return [
    atMost(`commands to invalidate a tag of ${ENTRIES} entries`, own.commandsToInvalidate, 1),
    atMost(`milliseconds to invalidate a tag of ${ENTRIES} entries`, own.invalidateMs, 2),
    atMost('commands to read a tagged entry', own.commandsToRead, 1),
    atMost('commands to read a tagged entry after that', own.commandsToReadAfter, 1),
  ]
}

const HEADS = [
  '',
  'insert, ms',
  'commands/insert',
  'commands/read',
  'commands to invalidate',
  'invalidate, ms',
  'commands/read after',
  'found after',
]

function cellsOf(found: Found): (string | number)[] {
  return [
    found.name,
    Math.round(found.insertMs),
    Math.round(found.commandsToInsert * 100) / 100,
    found.commandsToRead,
    found.commandsToInvalidate,
    Math.round(found.invalidateMs * 10) / 10,
    found.commandsToReadAfter,
    found.foundAfter,
  ]
}

async function measure(subject: Subject, redis: Redis): Promise<Found> {
  const keys = Array.from({ length: ENTRIES }, (_, i) => `entry:${i}`)
  const insert = await counted(redis, async () => {
    for (let i = 0; i < ENTRIES; i += BATCH) await subject.fill(keys.slice(i, i + BATCH))
  })
  const read = async (): Promise<number> => {
    let hits = 0
    for (const key of keys.slice(0, READS)) if ((await subject.read(key)) != null) hits++
    return hits
  }
  const before = await counted(redis, read)
  if (before.result !== READS) throw new Error(`${subject.name} has lost entries`)
  const invalidation = await counted(redis, () => subject.invalidate())
  const after = await counted(redis, read)
  return {
    name: subject.name,
    insertMs: insert.ms,
    commandsToInsert: insert.commands / ENTRIES,
    commandsToRead: before.commands / READS,
    commandsToInvalidate: invalidation.commands,
    invalidateMs: invalidation.ms,
    commandsToReadAfter: after.commands / READS,
    foundAfter: after.result,
  }
}

function ours(cache: RedisCacheManager): Subject {
  const tags = [ALL, 'other']
  return {
    name: 'nearcache',
    fill: async (keys) => {
      await cache.setMany(new Map(keys.map((key) => [key, { key }])), { tags })
    },
    read: (key) => cache.get(key, { tags }),
    invalidate: () => cache.invalidateTags([ALL]),
  }
}

/** One set of keys for each tag: SADD with each write, SMEMBERS and UNLINK to invalidate. */
function byHand(redis: Redis): Subject {
  return {
    name: 'sets of keys, by hand',
    fill: async (keys) => {
      const pipeline = redis.pipeline()
      for (const key of keys) {
        pipeline.set(`hand:${key}`, JSON.stringify({ key }), 'EX', 3_600)
        for (const tag of [ALL, 'other']) pipeline.sadd(`tag:${tag}`, `hand:${key}`)
      }
      await pipeline.exec()
    },
    read: (key) => redis.get(`hand:${key}`),
    invalidate: async () => {
      const keys = await redis.smembers(`tag:${ALL}`)
      for (let i = 0; i < keys.length; i += BATCH) await redis.unlink(keys.slice(i, i + BATCH))
      await redis.unlink(`tag:${ALL}`)
    },
  }
}

/** Runs a task; returns its result, its duration, and how many commands Redis counted during it. */
async function counted<T>(
  redis: Redis,
  task: () => Promise<T>,
): Promise<{ readonly result: T; readonly ms: number; readonly commands: number }> {
  const commands = async (): Promise<number> =>
    Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await commands()
  const startedAt = performance.now()
  const result = await task()
  const ms = performance.now() - startedAt
  // INFO counts itself only after it has answered: the second answer includes the first INFO.
  return { result, ms, commands: (await commands()) - before - 1 }
}
