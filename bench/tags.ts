/**
 * What it costs to invalidate a tag that 100,000 entries carry, and to read entries with tags: ours
 * beside sets of keys kept by hand, as one does on a bare client.
 *
 * @module
 */

import { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { tcpTransport } from 'nearcache/redis/tcp'
import { startRedisServer } from '../test/support/redis-server.ts'
import type { Report } from './measure.ts'

const ENTRIES = 100_000
const BATCH = 1_000
/** How many reads a count of commands is taken over. */
const READS = 1_000
const ALL = 'all'

interface Subject {
  readonly name: string
  fill(keys: readonly string[]): Promise<void>
  read(key: string): Promise<unknown>
  invalidate(): Promise<unknown>
}

/** Runs it. */
export async function benchTags(): Promise<Report> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  const cache = new RedisCacheManager({
    redis: tcpTransport({ url: server.url }),
    deadline: '10s',
  })
  try {
    const rows: (string | number)[][] = []
    let commands = Number.NaN
    for (const subject of [ours(cache), byHand(redis)]) {
      const found = await measure(subject, redis)
      rows.push([subject.name, ...found])
      if (subject.name === 'nearcache') commands = found[3] ?? Number.NaN
    }
    return {
      title: `Invalidating a tag of ${ENTRIES} entries`,
      rounds: 0,
      ratios: [],
      figures: [],
      counts: {},
      targets: [
        { what: 'commands to invalidate a tag', measured: commands, bound: { atMost: 1 } },
        {
          what: 'commands to read a tagged entry',
          measured: Number(rows[0]?.[3]),
          bound: { atMost: 1 },
        },
      ],
      tables: [{ title: 'tags', heads: HEADS, rows }],
      notes: [
        'Over TCP, one run. Two tags an entry; commands as Redis counts them, those inside scripts too.',
      ],
    }
  } finally {
    await cache.close()
    redis.disconnect()
    await server.stop()
  }
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

async function measure(subject: Subject, redis: Redis): Promise<number[]> {
  const keys = Array.from({ length: ENTRIES }, (_, i) => `entry:${i}`)
  const insert = await counted(redis, async () => {
    for (let i = 0; i < ENTRIES; i += BATCH) await subject.fill(keys.slice(i, i + BATCH))
  })
  const read = async (): Promise<number> => {
    let hits = 0
    for (const key of keys.slice(0, READS)) if ((await subject.read(key)) != null) hits++
    return hits
  }
  let hits = 0
  const before = await counted(redis, async () => {
    hits = await read()
  })
  if (hits !== READS) throw new Error(`${subject.name} has lost entries`)
  const invalidation = await counted(redis, () => subject.invalidate())
  const after = await counted(redis, async () => {
    hits = await read()
  })
  return [
    Math.round(insert.ms),
    Math.round((insert.commands / ENTRIES) * 100) / 100,
    before.commands / READS,
    invalidation.commands,
    Math.round(invalidation.ms * 10) / 10,
    after.commands / READS,
    hits,
  ]
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

/** A set of keys a tag: SADD with each write, SMEMBERS and UNLINK to invalidate. */
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

/** How long it takes, and how many commands Redis counts meanwhile. */
async function counted(
  redis: Redis,
  task: () => Promise<unknown>,
): Promise<{ readonly ms: number; readonly commands: number }> {
  const commands = async (): Promise<number> =>
    Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await commands()
  const startedAt = performance.now()
  await task()
  const ms = performance.now() - startedAt
  // Each INFO counts itself once it has answered.
  return { ms, commands: (await commands()) - before - 1 }
}
