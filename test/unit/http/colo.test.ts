import { describe, expect, test } from 'vitest'
import type { ColoCache } from '../../../src/http/index.ts'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const SECOND = 1_000
const FRESH = { 'cache-control': 'max-age=60' }

/** The Cache API of one data centre, without expiry: the tier itself must limit the age of copies. */
class Colo implements ColoCache {
  readonly copies = new Map<string, string>()
  matches = 0
  isBroken = false

  async match(url: string): Promise<Response | undefined> {
    if (this.isBroken) throw new Error('the Cache API is away')
    const copy = this.copies.get(url)
    if (copy !== undefined) this.matches++
    return copy === undefined ? undefined : new Response(copy)
  }

  async put(url: string, response: Response): Promise<void> {
    if (this.isBroken) throw new Error('the Cache API is away')
    this.copies.set(url, await response.text())
  }

  async delete(url: string): Promise<boolean> {
    return this.copies.delete(url)
  }
}

describe('The tier of a data centre', () => {
  test('answers without a request to Redis, once Redis has answered', async () => {
    const cache = new Colo()
    const { get, namespace } = site(counting(FRESH), { colo: { ttl: '10s', cache } })
    await bodies(get(), get())
    await namespace.clear()

    const answer = await get()

    expect(await answer.text()).toBe('call 1')
    expect(answer.headers.get('cache-status')).toBe('nearcache; hit; ttl=60; detail=colo')
  })

  test('lags an invalidation by at most its ttl, counted from before the request to Redis', async () => {
    const cache = new Colo()
    const { get, namespace, platform } = site(counting({ ...FRESH, 'cache-tag': 'a' }), {
      colo: { ttl: '10s', cache },
    })
    await bodies(get(), get())
    await namespace.invalidateTags(['a'])
    await platform.advance(10 * SECOND - 1)
    expect(await bodies(get())).toEqual(['call 1'])

    await platform.advance(1)

    expect(await bodies(get())).toEqual(['call 2'])
  })

  test('never answers with a stale response or one of another variant', async () => {
    const cache = new Colo()
    const { get, platform } = site(
      (_request, call) => reply(`call ${call}`, { 'cache-control': 'max-age=5', vary: 'x-kind' }),
      { colo: { ttl: '10s', cache } },
    )
    const of = (kind: string) => get(URL_A, { headers: { 'x-kind': kind } })
    expect(await bodies(of('a'), of('a'), of('b'), of('b'), of('b'), of('a'))).toEqual([
      'call 1',
      'call 1',
      'call 2',
      'call 2',
      'call 2',
      'call 1',
    ])
    expect(cache.matches).toBeGreaterThan(0)
    await platform.advance(5 * SECOND)

    expect(await bodies(of('a'))).toEqual(['call 3'])
  })

  test('loses a copy at once when an unsafe request drops it', async () => {
    const cache = new Colo()
    const { get } = site(counting(FRESH), { colo: { ttl: '10s', cache } })
    await bodies(get(), get())

    await get(URL_A, { method: 'PUT' })

    expect(await bodies(get())).toEqual(['call 3'])
  })

  test('after a reload, does not serve the response that the reload has replaced', async () => {
    const cache = new Colo()
    const { get } = site(counting(FRESH), { colo: { ttl: '10s', cache } })
    await bodies(get(), get())

    const reload = get(URL_A, { headers: { 'cache-control': 'no-cache' } })
    expect(await bodies(reload)).toEqual(['call 2'])

    expect(await bodies(get(), get())).toEqual(['call 2', 'call 2'])
  })

  test('does not store responses of a single user', async () => {
    const cache = new Colo()
    const { get } = site(counting({ 'cache-control': 'private, max-age=60' }), {
      colo: { ttl: '10s', cache },
      user: () => 'ann',
    })
    await bodies(get(), get(), get())

    expect(cache.copies.size).toBe(0)
  })

  test('is ignored if it fails or holds data that is not valid', async () => {
    const cache = new Colo()
    const { get } = site(counting(FRESH), { colo: { ttl: '10s', cache } })
    await bodies(get(), get())
    for (const poison of ['{', '{}', '{"provedAt":1,"stored":{"kind":"response"}}']) {
      for (const url of cache.copies.keys()) cache.copies.set(url, poison)
      expect(await bodies(get())).toEqual(['call 1'])
    }
    cache.isBroken = true

    expect(await bodies(get())).toEqual(['call 1'])
  })

  test.each([
    ['colo.ttl', { ttl: '500ms', cache: new Colo() }],
    ['colo.ttl', { ttl: '2h', cache: new Colo() }],
    ['colo.cache', { ttl: '10s' }],
    ['colo.verify', { ttl: '10s', cache: new Colo(), verify: true }],
  ])('is refused with an error that names %s: %o', (option, colo) => {
    expect(() => site(counting(), { colo: colo as never })).toThrow(
      expect.objectContaining({ option }),
    )
  })
})
