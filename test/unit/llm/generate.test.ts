import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { ClosedError, LoaderTimeoutError, NotCachedError } from '../../../src/errors.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'

const MODEL = 'llama3.2:3b'

describe('generating through the cache', () => {
  let platform: ManualPlatform
  let cache: RedisCacheManager
  let llm: LLMResponseCache

  beforeEach(() => {
    platform = new ManualPlatform()
    const redis = embeddedTransport({ platform })
    cache = new RedisCacheManager({ redis, platform, jitter: 0 })
    llm = new LLMResponseCache({ cache, platform })
  })

  async function answered(prompt: string): Promise<string | undefined> {
    return (await llm.getCachedLLMResponse(prompt, MODEL))?.response
  }

  describe('getOrGenerate', () => {
    const request = { prompt: 'Why?', model: MODEL }

    test('generates once for a hundred concurrent calls and for all later ones', async () => {
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const calls = Array.from({ length: 100 }, () => llm.getOrGenerate(request, generate))
      await eventually(() => expect(generate).toHaveBeenCalled())
      end.resolve('Because.')

      const answers = await Promise.all(calls)
      await platform.settle()
      const later = await llm.getOrGenerate(request, generate)

      expect(generate).toHaveBeenCalledOnce()
      expect(new Set(answers.map(({ response }) => response))).toEqual(new Set(['Because.']))
      expect(answers.filter(({ via }) => via === 'miss')).toHaveLength(1)
      expect(later).toMatchObject({ response: 'Because.', via: 'exact' })
      expect(llm.getCacheStats()).toMatchObject({ misses: 1, coalesced: 99, generated: 1 })
    })

    test('generates once for calls in two processes', async () => {
      const other = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: cache.redis, platform }),
        platform,
      })
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const first = llm.getOrGenerate(request, generate)
      await eventually(() => expect(generate).toHaveBeenCalled())
      const second = other.getOrGenerate(request, generate)
      await platform.advance(100)
      end.resolve('Because.')
      await first
      await platform.advance(2_000)

      expect(await second).toMatchObject({ response: 'Because.', via: 'exact' })
      expect(generate).toHaveBeenCalledOnce()
    })

    test('a caller whose patience with another process ends generates itself, and does not store', async () => {
      const other = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: cache.redis, platform }),
        platform,
        patience: '3s',
      })
      const held = llm.getOrGenerate(request, () => new Promise<string>(() => undefined))
      held.catch(() => undefined)
      await platform.advance(10)
      const impatient = other.getOrGenerate(request, () => 'alone')
      await platform.advance(3_000)

      expect(await impatient).toMatchObject({ response: 'alone', via: 'miss' })
      expect(other.getCacheStats().unstored).toEqual({ 'gave-up': 1 })
      expect(await answered('Why?')).toBeUndefined()
    })

    test('passes the same error object to all waiting callers, and stores nothing', async () => {
      const failure = new Error('model is down')
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const calls = [1, 2, 3].map(() => llm.getOrGenerate(request, generate))
      await eventually(() => expect(generate).toHaveBeenCalled())
      end.reject(failure)

      for (const call of calls) await expect(call).rejects.toBe(failure)
      expect(generate).toHaveBeenCalledOnce()
      expect(await llm.getOrGenerate(request, () => 'Because.')).toMatchObject({ via: 'miss' })
    })

    test('a call that is aborted does not end the generation for the others', async () => {
      const controller = new AbortController()
      const end = Promise.withResolvers<string>()
      let told: AbortSignal | undefined
      const generate = vi.fn(({ signal }: { signal: AbortSignal }) => {
        told = signal
        return end.promise
      })
      const leader = llm.getOrGenerate({ ...request, signal: controller.signal }, generate)
      await eventually(() => expect(generate).toHaveBeenCalled())
      const follower = llm.getOrGenerate(request, generate)
      await platform.advance(10)
      controller.abort('enough')
      await expect(leader).rejects.toBe('enough')
      expect(told?.aborted).toBe(false)
      end.resolve('Because.')

      expect(await follower).toMatchObject({ response: 'Because.', via: 'joined' })
      expect(generate).toHaveBeenCalledOnce()
    })

    test('when all calls are aborted the generation is aborted too, and nothing is stored', async () => {
      const controller = new AbortController()
      let told: AbortSignal | undefined
      const call = llm.getOrGenerate({ ...request, signal: controller.signal }, ({ signal }) => {
        told = signal
        return new Promise<string>(() => undefined)
      })
      await eventually(() => expect(told).toBeInstanceOf(AbortSignal))
      controller.abort('enough')

      await expect(call).rejects.toBe('enough')
      await eventually(() => expect(told?.aborted).toBe(true))
      expect(llm.getCacheStats().abandoned).toBe(1)
    })

    test('a call that is aborted during its look-up does not ask the model', async () => {
      const controller = new AbortController()
      const generate = vi.fn(() => 'Because.')
      const call = llm.getOrGenerate({ ...request, signal: controller.signal }, generate)
      controller.abort('enough')

      await expect(call).rejects.toBe('enough')
      await platform.settle()
      expect(generate).not.toHaveBeenCalled()
      expect(await llm.getOrGenerate(request, generate)).toMatchObject({ via: 'miss' })
    })

    test('a call that is aborted before it joins a generation does not keep it running', async () => {
      const [first, second] = [new AbortController(), new AbortController()]
      let told: AbortSignal | undefined
      const generate = ({ signal }: { signal: AbortSignal }) => {
        told = signal
        return new Promise<string>(() => undefined)
      }
      const leader = llm.getOrGenerate({ ...request, signal: first.signal }, generate)
      await eventually(() => expect(told).toBeInstanceOf(AbortSignal))
      const follower = llm.getOrGenerate({ ...request, signal: second.signal }, generate)
      second.abort('enough')
      await expect(follower).rejects.toBe('enough')
      await platform.advance(10)
      first.abort('enough')

      await expect(leader).rejects.toBe('enough')
      await eventually(() => expect(told?.aborted).toBe(true))
    })

    test('a model that does not begin in time fails its callers', async () => {
      const strict = new LLMResponseCache({ cache, platform, timeouts: { first: '1s' } })
      const call = strict.getOrGenerate(request, () => new Promise<string>(() => undefined))
      const failed = expect(call).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(1_000)

      await failed
    })

    test('an answer generated during an invalidation reaches its callers, and is not served later', async () => {
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const before = llm.getOrGenerate(request, generate)
      await eventually(() => expect(generate).toHaveBeenCalled())
      await llm.invalidateModel(MODEL)
      const after = llm.getOrGenerate(request, () => 'new')
      end.resolve('old')
      expect(await before).toMatchObject({ response: 'old' })
      await platform.advance(5_000)

      expect(await after).toMatchObject({ response: 'new', via: 'miss' })
    })

    test('no-cache generates anew and replaces what is stored', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)

      const anew = await llm.getOrGenerate({ ...request, cacheControl: 'no-cache' }, () => 'new')
      await platform.settle()

      expect(anew).toMatchObject({ response: 'new', via: 'miss' })
      expect(await answered('Why?')).toBe('new')
    })

    test('a no-cache call whose process has died delays others only briefly, even with a slow model', async () => {
      const lease = async (): Promise<number> => {
        const { result = [] } = await cache.redis.request<string[]>({ body: ['KEYS', '*:l:*'] })
        const body = ['PTTL', result[0] ?? '']
        return (await cache.redis.request<number>({ body })).result ?? 0
      }
      const slow = Promise.withResolvers<string>()
      void llm.getOrGenerate({ ...request, cacheControl: 'no-cache' }, () => slow.promise)
      await platform.advance(90_000)

      expect(await lease()).toBeGreaterThan(3_000)
      expect(await lease()).toBeLessThanOrEqual(6_000)

      slow.resolve('at last')
      await platform.settle()
      expect(await answered('Why?')).toBe('at last')
    })

    test('no-store neither reads nor writes', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)

      const anew = await llm.getOrGenerate({ ...request, cacheControl: 'no-store' }, () => 'new')
      await platform.settle()

      expect(anew).toMatchObject({ response: 'new', via: 'bypass' })
      expect(await answered('Why?')).toBe('old')
    })

    test('max-age treats an older answer as absent', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)
      await platform.advance(61_000)
      const limited = { ...request, cacheControl: 'max-age=60' }

      expect(
        await llm.getOrGenerate({ ...request, cacheControl: 'max-age=61' }, () => 'no'),
      ).toMatchObject({ response: 'old' })
      expect(await llm.getOrGenerate(limited, () => 'new')).toMatchObject({ response: 'new' })
    })

    test('only-if-cached never generates', async () => {
      const asked = { ...request, cacheControl: 'only-if-cached' }
      const never = (): never => expect.unreachable('nothing is to be generated')

      await expect(llm.getOrGenerate(asked, never)).rejects.toThrow(NotCachedError)
      await llm.cacheLLMResponse('Why?', 'Because.', MODEL)
      expect(await llm.getOrGenerate(asked, never)).toMatchObject({ response: 'Because.' })
    })

    test('on a cache that is closed it rejects, and leaves no rejection unhandled', async () => {
      const unhandled = vi.fn()
      process.on('unhandledRejection', unhandled)
      await cache.close()

      await expect(llm.getOrGenerate(request, () => 'x')).rejects.toThrow(ClosedError)
      await new Promise(setImmediate)

      process.off('unhandledRejection', unhandled)
      expect(unhandled).not.toHaveBeenCalled()
    })

    test('while Redis is down it generates, and calls of one process share the generation', async () => {
      const redis = { request: () => Promise.reject(new TypeError('fetch failed')) }
      const away = new LLMResponseCache({
        cache: new RedisCacheManager({ redis, platform, retries: 0 }),
        platform,
      })
      const generate = vi.fn(() => 'Because.')

      const answers = await Promise.all([1, 2].map(() => away.getOrGenerate(request, generate)))

      expect(answers.map(({ response }) => response)).toEqual(['Because.', 'Because.'])
      expect(generate).toHaveBeenCalledOnce()
    })
  })

  describe('getOrStream', () => {
    const request = { prompt: 'Count.', model: MODEL }

    async function collect(parts: AsyncIterable<string>): Promise<string[]> {
      const all: string[] = []
      for await (const part of parts) all.push(part)
      return all
    }

    test('gives a reader that joins the earlier parts, and then the others as they arrive', async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      async function* generate() {
        yield 'one'
        await gates[0]?.promise
        yield 'two'
        await gates[1]?.promise
        yield 'three'
      }
      const leader = await llm.getOrStream(request, generate)
      expect(await leader.parts.next()).toEqual({ done: false, value: 'one' })
      const follower = await llm.getOrStream<string>(request, () => expect.unreachable())
      expect(await follower.parts.next()).toEqual({ done: false, value: 'one' })
      gates[0]?.resolve()
      expect(await follower.parts.next()).toEqual({ done: false, value: 'two' })
      await leader.parts.return?.()
      gates[1]?.resolve()

      expect(await collect(follower.parts)).toEqual(['three'])
      await platform.settle()
      const replay = await llm.getOrStream<string>(request, () => expect.unreachable())
      expect([follower.via, replay.via]).toEqual(['joined', 'exact'])
      expect(await collect(replay.parts)).toEqual(['one', 'two', 'three'])
    })

    test('waits for the first part as long as `timeouts.first` says, and for others as `timeouts.idle`', async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      async function* generate() {
        for (const gate of gates) {
          await gate.promise
          yield 'part'
        }
      }
      const { parts } = await llm.getOrStream(request, generate)
      const first = parts.next()
      await platform.advance(110_000)
      gates[0]?.resolve()
      expect(await first).toMatchObject({ value: 'part' })

      const second = expect(parts.next()).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(61_000)
      await second
    })

    test('a stream that stops soon after its first part fails after `timeouts.idle`', async () => {
      const gate = Promise.withResolvers<string>()
      async function* generate(): AsyncGenerator<string> {
        yield await gate.promise
        yield await new Promise<string>(() => undefined)
      }
      const { parts } = await llm.getOrStream(request, generate)
      const first = parts.next()
      await platform.advance(1_000)
      gate.resolve('part')
      expect(await first).toMatchObject({ value: 'part' })

      const second = expect(parts.next()).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(61_000)
      await second
    })

    test('a stream that does not begin in time fails', async () => {
      async function* generate(): AsyncGenerator<string> {
        yield await new Promise<string>(() => undefined)
      }
      const { parts } = await llm.getOrStream(request, generate)

      const first = expect(parts.next()).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(121_000)
      await first
    })

    test('when its last reader stops early, a generator is closed, as by a loop that is left', async () => {
      const gate = Promise.withResolvers<void>()
      const closed = vi.fn()
      async function* generate() {
        try {
          yield 'one'
          await gate.promise
          yield 'two'
        } finally {
          closed()
        }
      }
      const { parts } = await llm.getOrStream(request, generate)
      await parts.next()

      await parts.return?.()
      gate.resolve()

      await platform.settle()
      expect(closed).toHaveBeenCalledOnce()
    })

    test('a reader that is given up without `return` leaves no timer behind', async () => {
      const gate = Promise.withResolvers<void>()
      async function* generate() {
        yield 'one'
        await gate.promise
        yield 'two'
        yield 'three'
      }
      const { parts } = await llm.getOrStream(request, generate)
      await parts.next()
      const second = parts.next()
      await platform.advance(0)
      gate.resolve()
      await second

      await platform.advance(120_000)

      expect(platform.pendingTimers).toBe(0)
      expect(await collect(parts)).toEqual(['three'])
    })

    test('a reader that pauses longer than the model may still gets an error when the model stops', async () => {
      const gate = Promise.withResolvers<string>()
      async function* generate(): AsyncGenerator<string> {
        yield 'one'
        yield await gate.promise
        yield await new Promise<string>(() => undefined)
      }
      const { parts } = await llm.getOrStream(request, generate)
      await parts.next()
      const second = parts.next()
      await platform.advance(30_000)
      gate.resolve('two')
      await second
      await platform.advance(50_000)

      const third = expect(parts.next()).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(61_000)
      await third
    })

    test('a stream that fails on its way fails for all readers, and is not stored', async () => {
      const failure = new Error('cut')
      async function* generate() {
        yield 'one'
        throw failure
      }
      const { parts } = await llm.getOrStream(request, generate)

      await expect(collect(parts)).rejects.toBe(failure)
      await platform.settle()
      expect(await answered('Count.')).toBeUndefined()
    })

    test('an answer that is too long to be stored is passed on completely', async () => {
      const small = new LLMResponseCache({ cache, platform, maxAnswerChars: 1_000 })
      const sent = Array.from({ length: 2_000 }, (_, i) => `part ${i}`)
      async function* generate() {
        yield* sent
      }

      const { parts } = await small.getOrStream(request, generate)

      expect(await collect(parts)).toEqual(sent)
      await platform.settle()
      expect(small.getCacheStats().unstored).toEqual({ 'too-large': 1 })
    })
  })
})
