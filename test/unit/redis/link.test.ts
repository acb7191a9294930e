import { beforeEach, describe, expect, test } from 'vitest'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { guard } from '../../../src/redis/guard.ts'
import { RedisLink } from '../../../src/redis/link.ts'
import type { Command } from '../../../src/redis/requester.ts'
import { RELEASE } from '../../../src/redis/scripts/protocol.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

describe('RedisLink', () => {
  let redis: FaultyRequester
  let link: RedisLink

  beforeEach(() => {
    redis = faultyRequester(embeddedTransport())
    link = new RedisLink(guard(redis, { platform: new ManualPlatform() }))
  })

  test('returns replies unchanged, and nil as null', async () => {
    expect(await link.send(['SET', 'k', 'v'])).toBe('OK')
    expect(await link.read(['k', 'none'])).toEqual(['v', null])
    expect(await link.send(['GET', 'none'])).toBeNull()
  })

  test('converts error replies to RemoteErrors that name the command but no arguments', async () => {
    await link.send(['SET', 'k', 'v'])

    const failed = link.send(['LPUSH', 'k', 'a secret'])

    await expect(failed).rejects.toBeInstanceOf(RemoteError)
    await expect(failed).rejects.toMatchObject({ operation: 'LPUSH', reason: 'WRONGTYPE' })
    redis.fate = () => ({ kind: 'answer', answer: { error: 'NOPERM no permission for k' } })
    await expect(link.read(['k'])).rejects.toMatchObject({ operation: 'MGET', reason: 'NOPERM' })
  })

  describe('run', () => {
    const names = (): unknown[] => redis.requests.map(({ body }) => (body as Command)[0])

    test('calls the script by its hash', async () => {
      await link.send(['SET', 'lease', 'token'])

      expect(await link.run(RELEASE, ['lease'], ['token', 0])).toBe(1)

      expect(redis.requests.at(-1)?.body).toEqual(['EVALSHA', RELEASE.sha1, 1, 'lease', 'token', 0])
    })

    test('sends the text of the script if Redis does not know its hash', async () => {
      redis.fate = ({ body }) =>
        (body as Command)[0] === 'EVALSHA'
          ? { kind: 'answer', answer: { error: 'NOSCRIPT No matching script.' } }
          : { kind: 'answer', answer: { result: 1 } }

      expect(await link.run(RELEASE, ['lease'], ['token', 0])).toBe(1)

      expect(names()).toEqual(['EVALSHA', 'EVAL'])
      expect(redis.requests.at(-1)?.body).toEqual(['EVAL', RELEASE.lua, 1, 'lease', 'token', 0])
    })

    test('rejects with any other error reply', async () => {
      redis.fate = () => ({ kind: 'answer', answer: { error: 'OOM command not allowed' } })

      await expect(link.run(RELEASE, ['lease'], ['token', 0])).rejects.toMatchObject({
        operation: 'EVALSHA',
        reason: 'OOM',
      })
      expect(names()).toEqual(['EVALSHA'])
    })
  })
})
