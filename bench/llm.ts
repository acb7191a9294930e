/**
 * What the caching proxy costs and saves: the time to the first byte on a miss, compared with the model itself;
 * the time of a hit; and the bytes that an answer takes in Redis.
 *
 * @module
 */

import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report, type Table, type Target } from './measure.ts'
import { endAll, startProgram } from './processes.ts'

const ROUNDS = 200
const PROGRAM = join(import.meta.dirname, 'llm-process.ts')
const URL_LINE = /^(http:.*)$/

/** A way to ask, and how it makes the body of a request from a prompt. */
interface Way {
  readonly name: string
  readonly path: string
  readonly body: (prompt: string) => object
}

const messages = (content: string): object => ({ messages: [{ role: 'user', content }] })
const WAYS: readonly Way[] = [
  {
    name: 'Ollama chat, streamed',
    path: '/api/chat',
    body: (prompt) => ({ model: 'llama3.2', ...messages(prompt), stream: true }),
  },
  {
    name: 'OpenAI chat, streamed',
    path: '/v1/chat/completions',
    body: (prompt) => ({ model: 'llama3.2', ...messages(prompt), stream: true }),
  },
  {
    name: 'OpenAI chat, whole',
    path: '/v1/chat/completions',
    body: (prompt) => ({ model: 'llama3.2', ...messages(prompt), stream: false }),
  },
]

/** Runs the benchmark. */
export async function benchLlm(): Promise<Report> {
  const server = await startRedisServer()
  const redis = new Redis(server.port, '127.0.0.1')
  try {
    const model = await startProgram(process.execPath, [PROGRAM, 'model'], URL_LINE)
    const proxy = await startProgram(process.execPath, [PROGRAM, 'proxy'], URL_LINE, {
      MODEL_URL: model,
      REDIS_URL: server.url,
    })
    const rows: Measured[] = []
    for (const way of WAYS) rows.push(await measure(way, model, proxy, redis))
    return {
      title: 'Answers of language models',
      rounds: 0,
      ratios: [],
      figures: [],
      counts: {},
      targets: rows.flatMap(targetsOf),
      tables: [tableOf(rows)],
      notes: [
        `Medians of ${ROUNDS} answers of 200 tokens. The model sends the first token after 20 ms, the second 5 ms later, and the rest at once. Requests alternate between proxy and model. Proxy, model and Redis are processes of one machine.`,
      ],
    }
  } finally {
    redis.disconnect()
    endAll()
    await server.stop()
  }
}

interface Measured {
  readonly name: string
  readonly direct: Times
  readonly miss: Times
  readonly hit: Times
  /** Bytes of the answer as it is sent, and of everything that Redis stores for it. */
  readonly sentBytes: number
  readonly storedBytes: number
  /** Median time to the first byte of a miss, minus that of the model, in milliseconds. */
  readonly addedMs: number
}

interface Times {
  readonly firstMs: number
  readonly wholeMs: number
}

async function measure(way: Way, model: string, proxy: string, redis: Redis): Promise<Measured> {
  const ask = (base: string, prompt: string): Promise<Timed> =>
    timed(`${base}${way.path}`, way.body(prompt))
  // Opens connections, and loads the scripts into Redis.
  for (let i = 0; i < 20; i++) {
    await ask(proxy, `${way.name}, warm ${i}`)
    await ask(model, 'warm')
  }
  const before = await heldBytes(redis)
  const samples: { direct: Timed; miss: Timed; hit: Timed }[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const prompt = `${way.name}, question ${i}`
    const direct = await ask(model, prompt)
    const miss = await ask(proxy, prompt)
    samples.push({ direct, miss, hit: await stored(() => ask(proxy, prompt)) })
  }
  const held = (await heldBytes(redis)) - before
  const timesOf = (kind: 'direct' | 'miss' | 'hit'): Times => ({
    firstMs: median(samples.map((sample) => sample[kind].firstMs)),
    wholeMs: median(samples.map((sample) => sample[kind].wholeMs)),
  })
  const [direct, miss, hit] = [timesOf('direct'), timesOf('miss'), timesOf('hit')]
  return {
    name: way.name,
    direct,
    miss,
    hit,
    sentBytes: median(samples.map(({ direct: { bytes } }) => bytes)),
    storedBytes: held / ROUNDS,
    addedMs: miss.firstMs - direct.firstMs,
  }
}

interface Timed extends Times {
  readonly bytes: number
  readonly via: string
}

/** Asks until the first hit: the proxy stores an answer in the background. */
async function stored(ask: () => Promise<Timed>): Promise<Timed> {
  for (;;) {
    const answer = await ask()
    if (answer.via === 'hit') return answer
  }
}

async function timed(url: string, body: object): Promise<Timed> {
  const startedAt = performance.now()
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  let firstMs: number | undefined
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    firstMs ??= performance.now() - startedAt
    bytes += (chunk as Uint8Array).length
  }
  const wholeMs = performance.now() - startedAt
  const via = response.headers.get('x-nearcache') ?? ''
  return { firstMs: firstMs ?? wholeMs, wholeMs, bytes, via }
}

/** Bytes of all keys and values in Redis. */
async function heldBytes(redis: Redis): Promise<number> {
  const keys = await redis.keys('*')
  const lengths = await Promise.all(keys.map((key) => redis.strlen(key)))
  return keys.reduce((sum, key, i) => sum + key.length + (lengths[i] ?? 0), 0)
}

function tableOf(rows: readonly Measured[]): Table {
  const ms = (value: number): string => value.toFixed(2)
  return {
    title: 'answers',
    heads: [
      'question',
      'model, first byte, ms',
      'miss, first byte, ms',
      'added, ms',
      'hit, first byte, ms',
      'hit, whole, ms',
      'model, whole, ms',
      'sent, bytes',
      'held in Redis, bytes',
    ],
    rows: rows.map(({ name, direct, miss, hit, addedMs, sentBytes, storedBytes }) => [
      name,
      ms(direct.firstMs),
      ms(miss.firstMs),
      ms(addedMs),
      ms(hit.firstMs),
      ms(hit.wholeMs),
      ms(direct.wholeMs),
      sentBytes,
      Math.round(storedBytes),
    ]),
  }
}

function targetsOf({ name, addedMs, hit, sentBytes, storedBytes }: Measured): Target[] {
  return [
    {
      what: `${name}: added to the first byte of a miss, ms`,
      measured: addedMs,
      bound: { atMost: 5 },
    },
    { what: `${name}: a hit as a whole, ms`, measured: hit.wholeMs, bound: { atMost: 10 } },
    {
      what: `${name}: held in Redis, of what is sent`,
      measured: storedBytes / sentBytes,
      bound: { atMost: 1 },
    },
  ]
}
