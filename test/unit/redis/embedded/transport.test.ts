import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ClosedError } from '../../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'

describe('embeddedTransport', () => {
  let platform: ManualPlatform
  let transport: Transport

  beforeEach(() => {
    platform = new ManualPlatform()
    transport = embeddedTransport({ platform })
  })

  test('refuses options of an engine beside an engine, because they would do nothing', () => {
    const options = { engine: new EmbeddedRedis(), maxBytes: 1_000_000 }

    expect(() => embeddedTransport(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'options.maxBytes' }),
    )
  })

  test('answers one command', async () => {
    await expect(transport.request({ body: ['set', 'key', 1] })).resolves.toEqual({ result: 'OK' })
    await expect(transport.request({ path: [], body: ['GET', 'key'] })).resolves.toEqual({
      result: '1',
    })
  })

  test('answers a pipeline in order, with errors among the results', async () => {
    const body = [
      ['SET', 'key', 'a'],
      ['INCR', 'key'],
      ['GET', 'key'],
    ]
    await expect(transport.request({ path: ['pipeline'], body })).resolves.toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'a' },
    ])
  })

  test('runs the other commands of a transaction when one fails', async () => {
    const body = [
      ['SET', 'key', 'a'],
      ['INCR', 'key'],
      ['GET', 'key'],
    ]
    await expect(transport.request({ path: ['multi-exec'], body })).resolves.toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'a' },
    ])
  })

  test('runs no command of a transaction that contains an invalid one', async () => {
    const body = [['SET', 'key', 'a'], ['GET'], ['SET', 'key', null]]
    await expect(transport.request({ path: ['multi-exec'], body })).resolves.toEqual({
      error:
        "EXECABORT Transaction discarded because of: ERR wrong number of arguments for 'get' command",
    })
    await expect(transport.request({ body: ['EXISTS', 'key'] })).resolves.toEqual({ result: 0 })
  })

  test.each([
    ['null', ['SET', 'key', null]],
    ['an object', ['SET', 'key', { a: 1 }]],
    ['a list', ['SET', 'key', ['a']]],
    ['undefined', ['SET', 'key', undefined]],
  ])('answers %s as an argument with an error', async (_kind, body) => {
    await expect(transport.request({ body })).resolves.toEqual({
      error: 'ERR argument 2 is not a string, a number or a boolean',
    })
  })

  test('accepts booleans as `true` and `false`', async () => {
    await transport.request({ body: ['SET', 'key', true] })
    await expect(transport.request({ body: ['GET', 'key'] })).resolves.toEqual({ result: 'true' })
  })

  test.each([
    ['no body', {}],
    ['a body that is no list', { body: 'GET key' }],
    ['a pipeline of no lists', { path: ['pipeline'], body: ['GET', 'key'] }],
    ['an empty command', { body: [] }],
    ['a path it does not serve', { path: ['monitor'], body: [] }],
  ])('answers %s with an error', async (_kind, request) => {
    await expect(transport.request(request)).resolves.toEqual({
      error: expect.stringMatching(/^ERR /),
    })
  })

  test('rejects with the reason of a signal that was already aborted', async () => {
    const reason = new Error('too late')
    const request = { body: ['SET', 'key', 'a'], signal: AbortSignal.abort(reason) }
    await expect(transport.request(request)).rejects.toBe(reason)
    await expect(transport.request({ body: ['EXISTS', 'key'] })).resolves.toEqual({ result: 0 })
  })

  test('shares an engine, which stays usable after a transport is closed', async () => {
    const engine = new EmbeddedRedis({ platform })
    const first = embeddedTransport({ engine })
    const second = embeddedTransport({ engine })
    await first.request({ body: ['SET', 'key', 'a'] })

    await first.close()

    await expect(first.request({ body: ['GET', 'key'] })).rejects.toThrow(ClosedError)
    await expect(second.request({ body: ['GET', 'key'] })).resolves.toEqual({ result: 'a' })
  })

  describe('subscriptions', () => {
    const publish = (channel: string, message: string) =>
      transport.request({ body: ['PUBLISH', channel, message] })

    test('receive what is published to their channel or pattern until they end', async () => {
      const onMessage = vi.fn<(data: string) => void>()
      const onMatch = vi.fn<(data: string) => void>()
      const controller = new AbortController()
      const { signal } = controller
      await transport.request({ path: ['subscribe', 'news'], isStreaming: true, onMessage, signal })
      await transport.request({ path: ['psubscribe', 'n*'], isStreaming: true, onMessage: onMatch })

      await expect(publish('news', 'hello, you')).resolves.toEqual({ result: 2 })
      await expect(publish('night', 'quiet')).resolves.toEqual({ result: 1 })
      await platform.settle()
      controller.abort()
      await expect(publish('news', 'gone')).resolves.toEqual({ result: 1 })
      await platform.settle()

      expect(onMessage.mock.calls).toEqual([['subscribe,news,1'], ['message,news,hello, you']])
      expect(onMatch.mock.calls).toEqual([
        ['psubscribe,n*,1'],
        ['pmessage,n*,news,hello, you'],
        ['pmessage,n*,night,quiet'],
        ['pmessage,n*,news,gone'],
      ])
    })

    test('that have ended receive nothing, not even what was published just before', async () => {
      const engine = new EmbeddedRedis({ platform })
      const onMessage = vi.fn<(data: string) => void>()
      const ends = [engine.subscribe('news', onMessage), engine.psubscribe('n*', onMessage)]
      await platform.settle()
      onMessage.mockClear()

      expect(engine.execute(['PUBLISH', 'news', 'hello'])).toEqual({ result: 2 })
      for (const end of ends) end()
      await platform.settle()

      expect(onMessage).not.toHaveBeenCalled()
    })

    test('are listed by PUBSUB', async () => {
      const onMessage = (): void => undefined
      await transport.request({ path: ['subscribe', 'a', 'b'], onMessage })
      await transport.request({ path: ['subscribe', 'a'], onMessage })
      await transport.request({ path: ['psubscribe', '*'], onMessage })

      const ask = async (...words: string[]): Promise<unknown> =>
        (await transport.request({ body: ['PUBSUB', ...words] })).result
      expect(await ask('CHANNELS')).toEqual(['a', 'b'])
      expect(await ask('CHANNELS', 'b*')).toEqual(['b'])
      expect(await ask('NUMSUB', 'a', 'c')).toEqual(['a', 2, 'c', 0])
      expect(await ask('NUMPAT')).toBe(1)
    })

    test('end when the transport is closed', async () => {
      const engine = new EmbeddedRedis({ platform })
      const listening = embeddedTransport({ engine })
      await listening.request({ path: ['subscribe', 'news'], onMessage: () => undefined })

      await listening.close()

      expect(engine.execute(['PUBLISH', 'news', 'hello'])).toEqual({ result: 0 })
    })

    test('whose listener throws do not affect the publisher', async () => {
      const onMessage = (): void => {
        throw new Error('the listener failed')
      }
      await transport.request({ path: ['subscribe', 'news'], onMessage })
      await expect(publish('news', 'hello')).resolves.toEqual({ result: 1 })
      await platform.settle()
    })

    test('need a channel and a listener', async () => {
      await expect(transport.request({ path: ['subscribe', 'news'] })).resolves.toEqual({
        error: 'ERR a subscription needs a channel and a listener',
      })
    })
  })
})
