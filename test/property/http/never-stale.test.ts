import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { cacheHandler } from '../../../src/http/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { draw } from '../../../src/testing/draw.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const PATHS = ['/a', '/b']
const KINDS = ['x', 'y']

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done))
}

/** Two isolates on one Redis, and documents whose readers must see every change that has returned. */
function world(random: () => number) {
  const engine = new EmbeddedRedis()
  const version = new Map(PATHS.map((path) => [path, 0]))
  const settled = new Map(version)
  const handlers = Array.from({ length: 2 }, () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport({ engine }) }).namespace('http')
    const origin = async (request: Request): Promise<Response> => {
      const path = new URL(request.url).pathname
      const seen = version.get(path)
      await turns(Math.floor(random() * 4))
      const control = random() < 0.5 ? 'max-age=60' : 'max-age=0, stale-while-revalidate=60'
      return new Response(request.method === 'GET' ? `${seen}` : null, {
        headers: { 'cache-control': control, vary: 'x-kind', 'cache-tag': `doc:${path}` },
      })
    }
    return { cache, handle: cacheHandler(origin, { cache }) }
  })
  return { version, settled, handlers }
}

describe('A response', () => {
  test('is never older than a change whose invalidation had returned, by tag or by method', async ({
    task,
  }) => {
    let reads = 0
    let changes = 0
    let violations = 0
    for (let seed = 1; seed <= amount(20, 300); seed++) {
      let drawn = 0
      const random = (): number => draw(seed, 'http', drawn++)
      const { version, settled, handlers } = world(random)
      const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T

      const read = async (): Promise<void> => {
        const path = pick(PATHS)
        const floor = settled.get(path) ?? 0
        const headers = { 'x-kind': pick(KINDS) }
        const answer = await pick(handlers).handle(
          new Request(`https://s.example${path}`, { headers }),
        )
        reads++
        if (Number(await answer.text()) < floor) violations++
      }
      const change = async (): Promise<void> => {
        const path = pick(PATHS)
        const next = (version.get(path) ?? 0) + 1
        version.set(path, next)
        const { cache, handle } = pick(handlers)
        if (random() < 0.5) await cache.invalidateTags([`doc:${path}`])
        else await handle(new Request(`https://s.example${path}`, { method: 'PUT' }))
        settled.set(path, Math.max(settled.get(path) ?? 0, next))
        changes++
      }
      const actor = async (): Promise<void> => {
        for (let i = 0; i < 12; i++) {
          await (random() < 0.75 ? read() : change())
          await turns(Math.floor(random() * 2))
        }
      }
      await Promise.all(Array.from({ length: 5 }, actor))
    }

    found(task, 'HTTP reads beside changes', { reads, changes, violations })
    expect(violations).toBe(0)
  })
})
