/**
 * What a search in a scope costs, in time and in bytes, and what it costs to read a scope from Redis.
 *
 * @module
 */

import { Redis } from 'ioredis'
import { RedisCacheManager } from 'nearcache'
import { createSemanticMatcher, lexicalEmbedder, type Matcher } from 'nearcache/llm'
import { tcpTransport } from 'nearcache/redis/tcp'
import { Dice } from '../scripts/mailbox/dice.ts'
import { dot, lengthOf, quantize } from '../src/llm/semantic/quantize.ts'
import { read } from '../src/llm/semantic/reading.ts'
import { Shelf } from '../src/llm/semantic/shelf.ts'
import { findVeto } from '../src/llm/semantic/veto.ts'
import { startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report, type Table, type Target } from './measure.ts'

const SIZES = [1_000, 10_000, 50_000]
const DIMENSIONS = [384, 768]
const SEARCHES = 60
const IN_REDIS = 5_000
const LIMIT = 8

interface Times {
  readonly least: number
  readonly median: number
}

/** Runs the benchmark. */
export async function benchSemantic(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  for (const dimensions of DIMENSIONS) {
    for (const size of SIZES) {
      const { times, all, bytes, recall } = searching(size, dimensions)
      rows.push([
        `${size} of ${dimensions}`,
        round(times.least),
        round(times.median),
        round(all.median),
        round(recall),
        Math.round(bytes / size),
      ])
      if (dimensions !== 384) continue
      targets.push({
        what: `search of ${size} vectors of 384 numbers, median ms`,
        measured: times.median,
        bound: { atMost: Math.max(0.5, size / 5_000) },
      })
    }
  }
  return {
    title: 'Semantic matching',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [
      {
        title: 'search for the 8 nearest, in process',
        heads: [
          '',
          'least ms',
          'median ms',
          'all by bytes, median ms',
          'nearest found',
          'bytes/vector',
        ],
        rows,
      },
      await throughRedis(),
      await reading(),
      PEERS,
    ],
    notes: [
      'Vectors are in clusters around random centres. "All by bytes" compares all int8 vectors, without preselection by sign bits.',
      'Bytes are those of the arrays, unused capacity included: an int8 and a sign bit for each dimension, and 4 bytes for the length of the vector.',
    ],
  }
}

/** Published figures of other projects; none of them was measured here. */
const PEERS: Table = {
  title: 'others, as published',
  heads: ['', 'where it searches', 'bytes/vector of 384', 'figures'],
  rows: [
    [
      '@upstash/semantic-cache',
      'a service, one HTTP round trip a look-up',
      '1536 (float32)',
      'no times published; one static threshold, whose 0.9 is a cosine of 0.8',
    ],
    [
      'GPTCache',
      'faiss, milvus and others',
      '1536 (float32)',
      'precision 0.60 to 0.70 on Quora pairs, 0.30 on PAWS (CacheEval)',
    ],
  ],
}

function searching(
  size: number,
  dimensions: number,
): { times: Times; all: Times; bytes: number; recall: number } {
  const dice = new Dice(size + dimensions)
  const codes = clustered(dice, size, dimensions)
  const lengths = Float64Array.from(codes, lengthOf)
  const shelf = new Shelf(dimensions)
  for (const [i, code] of codes.entries()) shelf.put(String(i), code)
  const queries = Array.from({ length: SEARCHES }, () =>
    quantize(
      Array.from(codes[dice.below(size)] ?? [], (value) => value + dice.next() * 60 - 30),
      dimensions,
    ),
  )
  for (let round = 0; round < 5; round++) for (const query of queries) shelf.search(query, LIMIT)
  let found = 0
  const times = timed(queries, (query) => shelf.search(query, LIMIT))
  const all = timed(queries.slice(0, 12), (query) => bruteForce(codes, lengths, query))
  for (const query of queries.slice(0, 12)) {
    if (shelf.search(query, 1)[0]?.id === String(bruteForce(codes, lengths, query))) found++
  }
  return { times, all, bytes: shelf.bytes, recall: found / 12 }
}

/** Compares the query with every int8 vector; the lengths are precomputed, as on the shelf. */
function bruteForce(codes: readonly Int8Array[], lengths: Float64Array, query: Int8Array): number {
  let best = -1
  let highest = Number.NEGATIVE_INFINITY
  for (const [i, code] of codes.entries()) {
    const similarity = dot(query, code) / (lengths[i] as number)
    if (similarity > highest) {
      highest = similarity
      best = i
    }
  }
  return best
}

function timed<T>(items: readonly T[], task: (item: T) => unknown): Times {
  const times = items.map((item) => {
    const startedAt = performance.now()
    task(item)
    return performance.now() - startedAt
  })
  return { least: Math.min(...times), median: median(times) }
}

/** Vectors in clusters, as embeddings are, and not spread evenly. */
function clustered(dice: Dice, count: number, dimensions: number): Int8Array[] {
  const gauss = (): number =>
    Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(2 * Math.PI * dice.next())
  const centres = Array.from({ length: 50 }, () => Array.from({ length: dimensions }, gauss))
  return Array.from({ length: count }, () => {
    const centre = centres[dice.below(centres.length)] ?? []
    return quantize(
      centre.map((value) => value + 0.7 * gauss()),
      dimensions,
    )
  })
}

/** The built-in embedder on a real Redis: the first match of an isolate, and the bytes in Redis. */
async function throughRedis(): Promise<Table> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  const caches: RedisCacheManager[] = []
  const make = (): Matcher => {
    const cache = new RedisCacheManager({
      redis: tcpTransport({ url: server.url }),
      deadline: '10s',
    })
    caches.push(cache)
    return createSemanticMatcher({ cache, maxVectors: 50_000 })
  }
  try {
    const writer = make()
    const startedAt = performance.now()
    for (let at = 0; at < IN_REDIS; at += 500) {
      await Promise.all(
        Array.from({ length: 500 }, (_, i) =>
          writer.remember({ scope: 's', prompt: promptOf(at + i), entryId: `e${at + i}` }),
        ),
      )
    }
    const wroteMs = performance.now() - startedAt
    const reader = make()
    const ask = (i: number) =>
      reader.match({ scope: 's', prompt: `how can I cook dish ${words(i)}` })
    const [first] = [await timedAsync(() => ask(7))]
    const later: number[] = []
    for (let i = 0; i < 200; i++) later.push(await timedAsync(() => ask(i * 11)))
    const keys = await redis.keys('*semantic*')
    let bytes = 0
    for (const key of keys) bytes += Number(await redis.memory('USAGE', key, 'SAMPLES', 0))
    return {
      title: `a scope of ${IN_REDIS} prompts in Redis, built-in embedder of 512 numbers`,
      heads: ['', ''],
      rows: [
        ['remember, ms each, 500 at once', round(wroteMs / IN_REDIS)],
        ['first match of an isolate, reads the scope, ms', round(first)],
        ['match after that: embed, search, veto; median ms', round(median(later))],
        ['bytes a prompt in Redis, vector, text and log', Math.round(bytes / IN_REDIS)],
      ],
    }
  } finally {
    for (const cache of caches) await cache.close()
    redis.disconnect()
    await server.stop()
  }
}

async function reading(): Promise<Table> {
  const prompts = Array.from({ length: 400 }, (_, i) => promptOf(i))
  const embedder = lexicalEmbedder()
  const embedding: number[] = []
  for (const prompt of prompts) embedding.push(await timedAsync(() => embedder.embed([prompt])))
  const veto = timed(prompts, (prompt) => findVeto(read(prompt), read(`${prompt} now`), 'meaning'))
  return {
    title: 'a prompt of some 60 characters',
    heads: ['', 'median ms'],
    rows: [
      ['embedded by the built-in embedder', round(median(embedding))],
      ['two prompts read and compared for a veto', round(veto.median)],
    ],
  }
}

function promptOf(i: number): string {
  return `How do I cook dish ${words(i)}?`
}

/** Spells a number in letters: prompts with different numbers would veto each other. */
function words(i: number): string {
  return [...String(i)].map((digit) => `${'bcdfghjklm'.charAt(Number(digit))}ar`).join('')
}

async function timedAsync(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await task()
  return performance.now() - startedAt
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
