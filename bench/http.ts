/**
 * What the HTTP cache adds to a hit, to a miss, and to a response that is not stored: in Node compared with
 * no cache, and in workerd also with `hono/cache`, which needs the Cache API.
 *
 * @module
 */

import { join } from 'node:path'
import { Hono } from 'hono'
import { RedisCacheManager } from 'nearcache'
import { httpCache } from 'nearcache/hono'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { compare, type Figures, type Report, repeat, type Subject, type Table } from './measure.ts'
import { bundleWorker, startWorkerd } from './workerd.ts'

const ROUNDS = 7
const COUNT = 1_000
const ROOT = join(import.meta.dirname, '..')
const BODY = JSON.stringify({ text: 'x'.repeat(1_000) })
const NONE = 'no cache'

/** Runs the benchmark. */
export async function benchHttp(): Promise<Report> {
  const node = await inNode()
  const workerd = await inWorkerd()
  return {
    title: 'HTTP cache',
    rounds: ROUNDS,
    figures: [...node.figures, ...workerd.figures],
    ratios: [...node.ratios, ...workerd.ratios],
    counts: {},
    tables: [
      addedBy('In Node', NONE, node.figures),
      addedBy('In workerd', `workerd, ${NONE}`, workerd.figures),
    ],
    notes: [
      'A response of 1 KB by a Hono handler that does nothing else. Redis is the embedded engine, so the figures include no network.',
      'In workerd, one request from outside makes all requests of a round, which share its cost. CPU is that of workerd.',
    ],
  }
}

type Measured = Pick<Report, 'figures' | 'ratios'>

function inNode(): Promise<Measured> {
  const plain = appWith(undefined)
  const remote = appWith(new RedisCacheManager({ redis: embeddedTransport() }))
  const near = appWith(new RedisCacheManager({ redis: embeddedTransport(), near: { ttl: '1h' } }))
  let path = 0
  const subjects: Subject[] = [
    asking(NONE, () => plain.request('/fresh')),
    asking('hit, near', () => near.request('/fresh')),
    asking('hit, remote', () => remote.request('/fresh')),
    asking('304 from a hit, near', () =>
      near.request('/fresh', { headers: { 'if-none-match': '*' } }),
    ),
    asking('miss, stored', () => remote.request(`/fresh?${path++}`)),
    asking('not to be stored', () => remote.request('/private')),
  ]
  const others = subjects.map(({ name }) => name).filter((name) => name !== NONE)
  return compare({
    subjects,
    concurrency: 1,
    count: COUNT,
    rounds: ROUNDS,
    ratios: others.map((name) => [name, NONE] as const),
  })
}

function appWith(cache: RedisCacheManager | undefined): Hono {
  const app = new Hono()
  if (cache) app.use(httpCache({ cache: cache.namespace('http') }))
  const answer = (control: string) => (): Response =>
    new Response(BODY, {
      headers: { 'cache-control': control, 'content-type': 'application/json' },
    })
  app.get('/fresh', answer('max-age=3600'))
  app.get('/private', answer('private'))
  return app
}

function asking(name: string, ask: () => Response | Promise<Response>): Subject {
  const once = async (): Promise<void> => {
    await (await ask()).arrayBuffer()
  }
  return { name, run: (count, concurrency) => repeat(count, concurrency, once) }
}

const WORKER = `
import { Hono } from 'hono'
import { cache } from 'hono/cache'
import { RedisCacheManager } from 'nearcache'
import { httpCache } from 'nearcache/hono'
import { embeddedTransport } from 'nearcache/redis/embedded'

const near = new RedisCacheManager({ redis: embeddedTransport(), near: { ttl: '1h' } })
const remote = new RedisCacheManager({ redis: embeddedTransport() })
const app = new Hono()
app.use('/hono/*', cache({ cacheName: 'bench' }))
app.use('/near/*', httpCache({ cache: near.namespace('http') }))
app.use('/remote/*', httpCache({ cache: remote.namespace('http') }))
app.get('/:kind/fresh', () => new Response(${JSON.stringify(BODY)}, { headers: { 'cache-control': 'max-age=3600' } }))

export default {
  async fetch(request, env, ctx) {
    const { searchParams } = new URL(request.url)
    const path = searchParams.get('path')
    const isMiss = searchParams.has('miss')
    for (let left = Number(searchParams.get('count')); left > 0; left--) {
      const url = 'https://bench.example' + path + (isMiss ? '?' + crypto.randomUUID() : '')
      await (await app.fetch(new Request(url), env, ctx)).arrayBuffer()
    }
    return new Response()
  },
}
`

async function inWorkerd(): Promise<Measured> {
  const script = await bundleWorker({ stdin: { contents: WORKER, resolveDir: ROOT } })
  const { miniflare, cpu } = await startWorkerd(script)
  try {
    const { origin } = await miniflare.ready
    const none = `workerd, ${NONE}`
    const subject = (name: string, path: string, rest = ''): Subject => ({
      name,
      run: async (count) => {
        const answer = await fetch(`${origin}/?path=${path}&count=${count}${rest}`)
        if (!answer.ok) throw new Error(`workerd answered ${answer.status}`)
      },
    })
    const subjects = [
      subject(none, '/none/fresh'),
      subject('workerd, hit, near', '/near/fresh'),
      subject('workerd, hit, remote', '/remote/fresh'),
      subject('workerd, hit, hono/cache', '/hono/fresh'),
      subject('workerd, miss, stored', '/remote/fresh', '&miss'),
      subject('workerd, miss, hono/cache', '/hono/fresh', '&miss'),
    ]
    return await compare({
      subjects,
      concurrency: 1,
      count: COUNT / 2,
      rounds: ROUNDS,
      cpu,
      ratios: [
        ['workerd, hit, near', 'workerd, hit, hono/cache'],
        ['workerd, hit, remote', 'workerd, hit, hono/cache'],
        ['workerd, miss, stored', 'workerd, miss, hono/cache'],
        ...subjects.slice(1).map(({ name }) => [name, none] as const),
      ],
    })
  } finally {
    await miniflare.dispose()
  }
}

/** The median time of a request, and how much longer it is than without a cache. */
function addedBy(title: string, none: string, figures: readonly Figures[]): Table {
  const timeOf = ({ opsPerSecond }: Figures): number => 1_000_000 / opsPerSecond
  const base = figures.find(({ subject }) => subject === none)
  const rows = figures.map((one) => {
    const added = base ? timeOf(one) - timeOf(base) : Number.NaN
    return [one.subject, timeOf(one).toFixed(0), added.toFixed(0)]
  })
  return { title: `${title}: time of a request`, heads: ['', 'µs', 'added, µs'], rows }
}
