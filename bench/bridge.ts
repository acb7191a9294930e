/**
 * What the bridge costs: a GET of 1 KB through it, compared with a bare fetch of the same bytes from a server
 * that does nothing else, and with ioredis without any HTTP.
 *
 * @module
 */

import { createServer } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { compare, type Report, repeat, type Subject } from './measure.ts'
import { endAll, startBridge, startProgram, BRIDGE_TOKEN as TOKEN } from './processes.ts'

const ROUNDS = 9
const VALUE = 'x'.repeat(1_024)
const KEY = 'bench:key'
/** Concurrency, and operations in a round. */
const LOADS = [
  [1, 400],
  [16, 2_000],
  [256, 4_000],
] as const
const PIPELINE = 100

/** Runs the benchmark. */
export async function benchBridge(): Promise<Report> {
  try {
    return await measure()
  } finally {
    endAll()
  }
}

async function measure(): Promise<Report> {
  const port = await freePort()
  const answer = JSON.stringify({ result: VALUE })
  await startProgram(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--appendonly', 'no'],
    /(Ready to accept connections)/,
  )
  const constant = await startProgram(
    process.execPath,
    [join(import.meta.dirname, 'constant-server.ts'), answer],
    /^(http:.*)$/,
  )
  const { url: bridge } = await startBridge(`redis://127.0.0.1:${port}`)
  const redis = new Redis(port, '127.0.0.1')
  await redis.set(KEY, VALUE)

  const subjects: readonly Subject[] = [
    fetching('bridge', bridge, answer),
    fetching('bare fetch', constant, answer),
    {
      name: 'ioredis',
      run: (count, concurrency) => repeat(count, concurrency, () => redis.get(KEY)),
    },
    {
      name: `bridge, pipelines of ${PIPELINE}`,
      run: (count, concurrency) =>
        repeat(count / PIPELINE, Math.min(concurrency, count / PIPELINE), () => pipeline(bridge)),
    },
  ]
  const parts = []
  for (const [concurrency, count] of LOADS) {
    parts.push(
      await compare({
        subjects,
        concurrency,
        count,
        rounds: ROUNDS,
        ratios: [
          ['bridge', 'bare fetch'],
          ['bridge', 'ioredis'],
          [`bridge, pipelines of ${PIPELINE}`, 'bridge'],
          [`bridge, pipelines of ${PIPELINE}`, 'ioredis'],
        ],
      }),
    )
  }
  const counts = {
    [`reads of redis-server for a pipeline of ${PIPELINE}`]: await readsOf(redis, bridge),
  }
  redis.disconnect()
  return {
    title: 'GET of 1 KB through the bridge',
    rounds: ROUNDS,
    ratios: parts.flatMap(({ ratios }) => ratios),
    figures: parts.flatMap(({ figures }) => figures),
    counts,
  }
}

function fetching(name: string, url: string, expected: string): Subject {
  const body = JSON.stringify(['GET', KEY])
  return {
    name,
    run: (count, concurrency) =>
      repeat(count, concurrency, async () => {
        const answer = await post(url, body)
        if (answer.length !== expected.length) throw new Error(`${name} answers something else`)
      }),
  }
}

async function pipeline(url: string): Promise<void> {
  const commands = Array.from({ length: PIPELINE }, () => ['GET', KEY])
  const answers = JSON.parse(await post(`${url}/pipeline`, JSON.stringify(commands))) as unknown[]
  if (answers.length !== PIPELINE) throw new Error('The pipeline answers something else')
}

async function post(url: string, body: string): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  return response.text()
}

/** How many reads from its connection Redis needs for a pipeline: one, if the bridge writes it in one piece. */
async function readsOf(redis: Redis, bridge: string): Promise<number> {
  const count = async (): Promise<number> =>
    Number(/total_reads_processed:(\d+)/.exec(await redis.info('stats'))?.[1])
  const before = await count()
  await pipeline(bridge)
  // The second INFO is one of the reads.
  return (await count()) - before - 1
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
