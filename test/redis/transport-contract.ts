/**
 * What every transport owes to the code above it, run once per transport.
 *
 * @module
 */

import { Redis } from '@upstash/redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ClosedError } from '../../src/errors.ts'
import type { Command, RedisResponse, Transport } from '../../src/redis/requester.ts'

/** What a transport's own test file provides. */
export interface TransportSetup {
  /** Starts what the transport needs. Runs once. */
  start(): Promise<void>
  stop(): Promise<void>
  /** A new transport to an empty database. */
  connect(): Promise<Transport>
}

/** Runs the contract. */
export function describeTransport(name: string, setup: TransportSetup): void {
  describe(`the ${name} transport keeps the contract:`, () => {
    let transport: Transport

    beforeAll(() => setup.start())
    afterAll(() => setup.stop())
    beforeEach(async () => {
      transport = await setup.connect()
    })
    afterEach(() => transport.close())

    const run = (...command: Command): Promise<RedisResponse<unknown>> =>
      transport.request({ path: [], body: command })
    const pipeline = (...body: Command[]): Promise<unknown> =>
      transport.request({ path: ['pipeline'], body })
    const transaction = (...body: Command[]): Promise<unknown> =>
      transport.request({ path: ['multi-exec'], body })

    test('a status, a text, a number, a nil and a list arrive as JSON has them', async () => {
      expect(await run('SET', 'k', 'v')).toEqual({ result: 'OK' })
      expect(await run('GET', 'k')).toEqual({ result: 'v' })
      expect(await run('INCRBY', 'n', 41)).toEqual({ result: 41 })
      expect(await run('GET', 'none')).toEqual({ result: null })
      expect(await run('MGET', 'k', 'none', 'n')).toEqual({ result: ['v', null, '41'] })
      expect(await run('HGETALL', 'none')).toEqual({ result: [] })
    })

    test('a hash arrives as a flat list, whatever the case of the command', async () => {
      await run('HSET', 'h', 'f', '1', 'g', '2')

      expect(await run('hgetall', 'h')).toEqual({ result: ['f', '1', 'g', '2'] })
    })

    test('a request without a path is one command', async () => {
      expect(await transport.request({ body: ['ECHO', 'here'] })).toEqual({ result: 'here' })
    })

    test('an error reply resolves as the words of Redis', async () => {
      await run('SET', 'k', 'v')

      const { error, result } = await run('HGET', 'k', 'f')

      expect(error).toMatch(/^WRONGTYPE /)
      expect(result).toBeUndefined()
    })

    test('a script answers with lists, and with errors inside them', async () => {
      const lua = "return {1, 'two', {3, false}, redis.error_reply('ERR inner')}"

      const { result } = await run('EVAL', lua, 0)

      expect(result).toEqual([1, 'two', [3, null], expect.stringMatching(/ERR inner$/)])
    })

    test('an unknown script answers NOSCRIPT', async () => {
      const { error } = await run('EVALSHA', 'f'.repeat(40), 0)

      expect(error).toMatch(/^NOSCRIPT /)
    })

    test('a pipeline answers in order, and one failing command spoils no other', async () => {
      const answers = await pipeline(
        ['SET', 'k', 'v'],
        ['LPUSH', 'k', 'x'],
        ['GET', 'k'],
        ['NOSUCHCOMMAND'],
        ['DEL', 'k'],
      )

      expect(answers).toEqual([
        { result: 'OK' },
        { error: expect.stringMatching(/^WRONGTYPE /) },
        { result: 'v' },
        { error: expect.stringMatching(/^ERR unknown command/) },
        { result: 1 },
      ])
    })

    test('a thousand commands of a pipeline are all answered, each by its own reply', async () => {
      const commands = Array.from({ length: 1_000 }, (_, i): Command => ['ECHO', `${i}`])

      const answers = await pipeline(...commands)

      expect(answers).toEqual(commands.map(([, text]) => ({ result: text })))
    })

    test('pipelines in flight together do not mix their answers', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => pipeline(['ECHO', `a${i}`], ['ECHO', `b${i}`])),
      )

      expect(answers).toEqual(answers.map((_, i) => [{ result: `a${i}` }, { result: `b${i}` }]))
    })

    test('a transaction answers for each command, and runs on after one that fails', async () => {
      const answers = await transaction(['SET', 'k', 'v'], ['INCR', 'k'], ['GET', 'k'])

      expect(answers).toEqual([
        { result: 'OK' },
        { error: expect.stringMatching(/^ERR value is not an integer/) },
        { result: 'v' },
      ])
    })

    test('a transaction that cannot be queued is discarded as a whole', async () => {
      const answer = await transaction(['SET', 'k', 'v'], ['NOSUCHCOMMAND'])

      expect(answer).toEqual({ error: expect.stringMatching(/^EXECABORT /) })
      expect(await run('GET', 'k')).toEqual({ result: null })
    })

    test('commands of others do not get between those of a transaction', async () => {
      const swaps = Array.from({ length: 40 }, (_, i) =>
        transaction(['SET', 'k', `${i}`], ['GET', 'k'], ['GET', 'k']),
      )
      const noise = Array.from({ length: 40 }, () => run('SET', 'k', 'noise'))

      const answers = await Promise.all(swaps)
      await Promise.all(noise)

      expect(answers).toEqual(
        answers.map((_, i) => [{ result: 'OK' }, { result: `${i}` }, { result: `${i}` }]),
      )
    })

    test.each([
      ['accents and emoji', 'naïve 🦊 файл 漢字'],
      ['a byte order mark', '\uFEFFmarked'],
      ['control characters and quotes', '\u0000"\\\r\n\u2028'],
      ['what looks like base64', 'T0s='],
      ['a bare OK', 'OK'],
      ['nothing', ''],
    ])('a value of %s comes back as it was', async (_, value) => {
      await run('SET', value, value)

      expect(await run('GET', value)).toEqual({ result: value })
      expect(await run('MGET', value, value)).toEqual({ result: [value, value] })
      expect(await pipeline(['GET', value])).toEqual([{ result: value }])
    })

    test('a value of two megabytes comes back as it was', async () => {
      const value = 'é1234567'.repeat(220_000)
      await run('SET', 'big', value)

      const { result } = await run('GET', 'big')

      // toBe of such texts would print them.
      expect(result === value).toBe(true)
    })

    test('a request whose signal is aborted already is not sent', async () => {
      const reason = new Error('deadline')

      const request = transport.request({
        path: [],
        body: ['SET', 'k', 'v'],
        signal: AbortSignal.abort(reason),
      })

      await expect(request).rejects.toBe(reason)
      expect(await run('GET', 'k')).toEqual({ result: null })
    })

    test('an aborted request rejects with the reason of its signal, and others go on', async () => {
      const reason = new Error('deadline')
      const controller = new AbortController()
      await run('PING')

      const request = transport.request({
        path: [],
        body: ['GET', 'k'],
        signal: controller.signal,
      })
      controller.abort(reason)

      await expect(request).rejects.toBe(reason)
      expect(await run('PING')).toEqual({ result: 'PONG' })
    })

    test('a closed transport refuses requests', async () => {
      await run('PING')
      await transport.close()

      await expect(run('PING')).rejects.toThrow(ClosedError)
    })

    test('the client of @upstash/redis works on it', async () => {
      const redis = new Redis(transport)

      expect(await redis.set('k', { deep: [1, 'two'] }, { ex: 60 })).toBe('OK')
      expect(await redis.get('k')).toEqual({ deep: [1, 'two'] })
      expect(await redis.ttl('k')).toBeGreaterThan(50)
      expect(await redis.set('k', 'other', { nx: true })).toBeNull()
      expect(await redis.hset('h', { one: 1, two: 'zwei' })).toBe(2)
      expect(await redis.hgetall('h')).toEqual({ one: 1, two: 'zwei' })
      expect(await redis.hgetall('none')).toBeNull()
      expect(await redis.pipeline().incr('n').get('n').exec()).toEqual([1, 1])
      expect(await redis.multi().incr('n').incr('n').exec()).toEqual([2, 3])
      expect(await redis.eval('return ARGV[1]', [], ['arg'])).toBe('arg')
      await expect(redis.lpush('k', 'x')).rejects.toThrow('WRONGTYPE')
    })
  })
}
