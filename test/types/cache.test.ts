import { describe, expectTypeOf, test } from 'vitest'
import {
  type CacheOptions,
  cached,
  type EntryOptions,
  isNearcacheError,
  RedisCacheManager,
} from '../../src/index.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { SessionOptions } from '../../src/session/index.ts'
import type { WebSocketCacheOptions } from '../../src/websocket/index.ts'

interface User {
  readonly name: string
}

describe('types of the cache', () => {
  const cache = new RedisCacheManager({ redis: embeddedTransport() })

  test('the loader decides the type of the value', () => {
    expectTypeOf(cache.getOrSet('k', () => ({ name: 'Ada' }))).resolves.toEqualTypeOf<{
      name: string
    }>()
    expectTypeOf(cache.getOrSet('k', async () => 1)).resolves.toEqualTypeOf<number>()
  })

  test('a plain get returns unknown, and a typed one the given type', () => {
    expectTypeOf(cache.get('k')).resolves.toBeUnknown()
    expectTypeOf(cache.get<User>('k')).resolves.toEqualTypeOf<User | undefined>()
  })

  test('a typed namespace accepts and returns only its own type', () => {
    const users = cache.namespace<User>('users')

    expectTypeOf(users.get('k')).resolves.toEqualTypeOf<User | undefined>()
    expectTypeOf(users.getMany(['k'])).resolves.toEqualTypeOf<Map<string, User>>()
    expectTypeOf(users.set<User>)
      .parameter(1)
      .toEqualTypeOf<User>()
    expectTypeOf(users.namespace<number>('ages').get('k')).resolves.toEqualTypeOf<
      number | undefined
    >()
  })

  test('tags derived from the value see its type', () => {
    const tags: EntryOptions<User>['tags'] = (user) => {
      expectTypeOf(user).toEqualTypeOf<User>()
      return [user.name]
    }

    expectTypeOf(tags).toExtend<EntryOptions<User>['tags']>()
  })

  test('a cached function has the parameters and the result of the function', () => {
    const load = async (id: number, full?: boolean): Promise<User> => ({ name: `${id} ${full}` })
    const find = cached(load, { cache, name: 'find', tags: (id) => [id.toFixed()] })
    const plain = cached((text: string) => text.length, { cache, name: 'plain' })

    expectTypeOf(find).parameters.toEqualTypeOf<Parameters<typeof load>>()
    expectTypeOf(find(1)).resolves.toEqualTypeOf<User>()
    expectTypeOf(find.refresh).toBeCallableWith(1, true)
    expectTypeOf(find.invalidate).parameters.toEqualTypeOf<Parameters<typeof load>>()
    expectTypeOf(plain('a')).resolves.toBeNumber()
    // @ts-expect-error: a text is no number
    find.keyOf('1')
  })

  test('the breaker has the options that a cache, sessions and presence take', () => {
    type Breaker<Options extends { breaker?: unknown }> = keyof NonNullable<Options['breaker']>

    expectTypeOf<Breaker<CacheOptions>>().toEqualTypeOf<'threshold' | 'cooldownMs'>()
    expectTypeOf<Breaker<SessionOptions>>().toEqualTypeOf<'threshold' | 'cooldownMs'>()
    expectTypeOf<Breaker<WebSocketCacheOptions>>().toEqualTypeOf<'threshold' | 'cooldownMs'>()
  })

  test('a switch over the codes of the errors can be exhaustive', () => {
    function word(error: unknown): string {
      if (!isNearcacheError(error)) return 'foreign'
      switch (error.code) {
        case 'ERR_CIRCUIT_OPEN':
          return String(error.retryAfterMs)
        case 'ERR_REMOTE_TIMEOUT':
          return error.applied
        case 'ERR_INVALID_OPTION':
          return error.option
        default:
          return error.code
      }
    }
    expectTypeOf(word).returns.toBeString()
  })
})
