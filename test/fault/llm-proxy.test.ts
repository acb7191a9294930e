import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { LLMResponseCache } from '../../src/llm/index.ts'
import { llmProxy } from '../../src/llm/proxy/index.ts'
import { webPlatform } from '../../src/platform/web.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { chaosTransport } from '../../src/testing/chaos-transport.ts'
import { draw } from '../../src/testing/draw.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'

const FAULTS = {
  fail: 0.05,
  loseReply: 0.05,
  duplicate: 0.05,
  lateDuplicate: 0.05,
  hang: 0.02,
  malformed: 0.05,
  latency: 0.3,
}
const platform = webPlatform()

/** A model that answers with its version, the user and the question; some answers are cut off. */
function model(versionOf: () => number, breaks: () => boolean) {
  return async (request: Request): Promise<Response> => {
    const { messages } = (await request.json()) as { messages: { content: string }[] }
    const said = [`v${versionOf()}`, request.headers.get('authorization'), messages[0]?.content]
    const lines = said.map((content) => ({
      message: { role: 'assistant', content: `${content};` },
      done: false,
    }))
    const end = { message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' }
    const all = breaks() ? lines.slice(0, 2) : [...lines, end]
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const line = all.shift()
        await platform.delay(1)
        if (line) controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`))
        else controller.close()
      },
    })
    return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
  }
}

describe('the caching proxy with faults of the connection to Redis', () => {
  test('every answer belongs to its user and question, and is no older than the last invalidation', async ({
    task,
  }) => {
    let drawn = 0
    const roll = (): number => draw(7, 'proxy', drawn++)
    const below = (bound: number): number => Math.floor(roll() * bound)
    let version = 0
    const tally = { questions: 0, hits: 0, broken: 0, invalidations: 0, violations: 0 }
    const redis = embeddedTransport()
    // Two processes: each with its own cache, on one Redis.
    const caches = [1, 2].map((seed) => {
      const chaotic = chaosTransport(redis, { seed, faults: FAULTS, latencyMs: [0, 3] })
      const options = {
        redis: chaotic,
        deadline: '50ms',
        retries: 1,
        breaker: { threshold: 50, cooldownMs: 5 },
      } as const
      return new LLMResponseCache({ cache: new RedisCacheManager(options), patience: '300ms' })
    })
    const fetch = model(
      () => version,
      () => roll() < 0.1,
    )
    const proxies = caches.map((cache) =>
      llmProxy({ cache, ollama: 'http://model.test', fetch, digests: false }),
    )

    async function ask(): Promise<void> {
      const oldest = version - pending
      const tenant = `Bearer ${below(3)}`
      const question = `question ${below(4)}`
      const body = {
        model: 'm',
        messages: [{ role: 'user', content: question }],
        stream: roll() < 0.5,
      }
      const response = await proxies[below(2)]?.request('/api/chat', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { authorization: tenant },
      })
      const text = (await response?.text()) ?? ''
      const via = response?.headers.get('x-nearcache')
      tally.questions++
      if (via !== 'miss') tally.hits++
      const said = text
        .trim()
        .split('\n')
        .map(
          (line) => (JSON.parse(line) as { message?: { content: string } }).message?.content ?? '',
        )
        .join('')
      const [of, who, what] = said.split(';')
      if (!text.includes('"done":true')) {
        tally.broken++
        // A cut-off answer is passed on as the model sent it, and never comes from the store.
        if (via === 'hit') tally.violations++
        return
      }
      const isOwn = who === tenant && what === question && Number(of?.slice(1)) >= oldest
      if (!isOwn) tally.violations++
    }

    /** Versions whose invalidation has not been acknowledged yet. */
    let pending = 0
    async function invalidate(): Promise<void> {
      version++
      pending++
      for (let tries = 0; tries < 50; tries++) {
        try {
          await caches[below(2)]?.invalidateModel('m:latest')
          break
        } catch {
          // A fault: an invalidation that was not acknowledged must be repeated.
          await platform.delay(5)
        }
      }
      pending--
      tally.invalidations++
    }

    const rounds = amount(60, 600)
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let i = 0; i < rounds; i++) await ask()
      }).concat(
        (async () => {
          for (let i = 0; i < rounds / 6; i++) {
            await platform.delay(25)
            await invalidate()
          }
        })(),
      ),
    )

    found(task, 'answers through the proxy under faults', tally)
    expect(tally.violations).toBe(0)
    expect(tally.hits).toBeGreaterThan(tally.questions / 10)
  }, 120_000)
})
