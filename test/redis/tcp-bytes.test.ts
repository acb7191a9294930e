import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { countingTransport } from '../../src/testing/counting-transport.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

/** All 256 bytes, one character each. */
const ALL = String.fromCharCode(...Array(256).keys())

describeWithRedis('the tcp transport with strings of bytes', () => {
  let server: RedisServer
  let transport: Transport

  beforeAll(async () => {
    server = await startRedisServer()
    transport = tcpTransport({ url: server.url, strings: 'bytes' })
  })

  afterAll(async () => {
    await transport.close()
    await server.stop()
  })

  test('declares `strings: bytes`', () => {
    expect(transport.strings).toBe('bytes')
    expect(countingTransport(transport).strings).toBe('bytes')
    expect(tcpTransport({ host: 'localhost' }).strings).toBe('text')
  })

  test('keeps every byte of keys and values, alone and in batches', async () => {
    const commands = [
      ['SET', ALL, ALL],
      ['GET', ALL],
      ['STRLEN', ALL],
    ]
    const answers = [{ result: 'OK' }, { result: ALL }, { result: 256 }]

    expect(await transport.request({ path: ['pipeline'], body: commands })).toEqual(answers)
    expect(await transport.request({ path: ['multi-exec'], body: commands })).toEqual(answers)
    expect(await transport.request({ body: ['MGET', ALL, 'none'] })).toEqual({
      result: [ALL, null],
    })
  })

  test('returns integers exactly, as numbers if they are safe integers', async () => {
    await transport.request({ body: ['SET', 'n', '9007199254740991'] })
    const integers = 'return {redis.call("INCR", KEYS[1]), 7}'

    expect(await transport.request({ body: ['INCR', 'n'] })).toEqual({ result: 2n ** 53n })
    expect(await transport.request({ body: ['EVAL', integers, 1, 'm'] })).toEqual({
      result: [1, 7],
    })
  })

  test('returns a fraction as its digits, even if the client parses it as a number', async () => {
    const client = new Redis(server.port, { protocol: 3, stringNumbers: true })
    const given = tcpTransport({ client, strings: 'bytes' })
    await transport.request({ body: ['ZADD', 'z', '1.5', 'a', 'inf', 'b'] })
    const body = ['ZMSCORE', 'z', 'a', 'b', 'none']

    expect(await given.request({ body })).toEqual({ result: ['1.5', 'inf', null] })
    expect(await transport.request({ body })).toEqual({ result: ['1.5', 'inf', null] })

    await given.close()
    client.disconnect()
  })

  test('returns an error as an error, and an error inside a list as its text', async () => {
    const body = ['EVAL', 'return {redis.error_reply("ERR inside")}', 0]

    expect(await transport.request({ body })).toEqual({ result: ['ERR inside'] })
    expect(await transport.request({ body: ['GET'] })).toEqual({
      error: "ERR wrong number of arguments for 'get' command",
    })
  })
})

describeWithRedis('the tcp transport with strings of bytes, before a Redis Cluster,', () => {
  let cluster: RedisCluster
  let transport: Transport

  beforeAll(async () => {
    cluster = await startRedisCluster(findRedisServer() ?? '')
    transport = tcpTransport({ cluster: { nodes: cluster.nodes }, strings: 'bytes' })
  }, 20_000)

  afterAll(async () => {
    await transport.close()
    await cluster.stop()
  })

  test('keeps every byte on each node, and in replies combined from all nodes', async () => {
    const keys = ['a', 'b', 'c'].map((name) => `${name}\xff`)
    const body = keys.flatMap((key) => [
      ['SET', key, ALL],
      ['GET', key],
      ['INCR', `n${key}`],
    ])

    const answers = await transport.request({ path: ['pipeline'], body })
    const found = await transport.request<string[]>({ body: ['KEYS', '[abc]*'] })

    expect(answers).toEqual(keys.flatMap(() => [{ result: 'OK' }, { result: ALL }, { result: 1 }]))
    expect(found.result?.toSorted()).toEqual(keys)
    expect(await transport.request({ body: ['DBSIZE'] })).toEqual({ result: 6 })
  })
})
