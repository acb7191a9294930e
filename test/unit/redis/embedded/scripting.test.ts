import { describe, expect, test } from 'vitest'
import {
  CommandError,
  EmbeddedRedis,
  type ScriptTwin,
} from '../../../../src/redis/embedded/index.ts'

/** SHA-1 of `return 1`. */
const SHA1 = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db'

function engineWith(run: ScriptTwin['run'], maxBytes = 100_000): EmbeddedRedis {
  return new EmbeddedRedis({
    twins: [{ sha1: SHA1, run }],
    maxBytes,
    evictionPolicy: 'noeviction',
  })
}

describe('EmbeddedRedis and scripts', () => {
  test('runs the twin of a script, given its source or its hash, with keys and arguments', () => {
    const redis = engineWith((call, keys, args) => [call('ECHO', 'hi'), [...keys], [...args]])
    const expected = { result: ['hi', ['k'], ['a', '2']] }

    expect(redis.execute(['EVAL', 'return 1', 1, 'k', 'a', 2])).toEqual(expected)
    expect(redis.execute(['EVALSHA', SHA1, '1', 'k', 'a', '2'])).toEqual(expected)
    expect(redis.execute(['evalsha_ro', SHA1, '1', 'k', 'a', '2'])).toEqual(expected)
  })

  test('refuses other sources with an error that names the transports that run them', () => {
    const redis = engineWith(() => 1)
    const { error } = redis.execute(['EVAL', 'return 2', 0])
    expect(error).toMatch(/^ERR .*'rest' or 'tcp'/)
    expect(redis.execute(['SCRIPT', 'LOAD', 'return 2']).error).toBe(error)
  })

  test('answers an unknown hash with NOSCRIPT, so that clients send the source', () => {
    expect(engineWith(() => 1).execute(['EVALSHA', 'f'.repeat(40), 0])).toEqual({
      error: 'NOSCRIPT No matching script. Please use EVAL.',
    })
  })

  test('counts a twin as loaded, even after SCRIPT FLUSH', () => {
    const redis = engineWith(() => 1)
    redis.execute(['SCRIPT', 'FLUSH'])
    expect(redis.execute(['SCRIPT', 'EXISTS', SHA1, 'abc']).result).toEqual([1, 0])
    expect(redis.execute(['SCRIPT', 'LOAD', 'return 1']).result).toBe(SHA1)
  })

  test('returns an error reply that the script does not catch', () => {
    const redis = engineWith((call) => call('INCR', 'list'))
    redis.execute(['RPUSH', 'list', 'a'])
    expect(redis.execute(['EVALSHA', SHA1, 0]).error).toBe(
      `WRONGTYPE Operation against a key holding the wrong kind of value script: ${SHA1}`,
    )
  })

  test('lets a script catch an error reply and return one', () => {
    const redis = engineWith((call) => {
      try {
        return call('GET')
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError)
        throw new CommandError('MINE because')
      }
    })
    expect(redis.execute(['EVALSHA', SHA1, 0]).error).toBe('MINE because')
  })

  test('rethrows a bug in a twin unchanged', () => {
    const mistake = new TypeError('not a function')
    const redis = engineWith(() => {
      throw mistake
    })
    expect(() => redis.execute(['EVALSHA', SHA1, 0])).toThrow(mistake)
  })

  test.each([
    [['NOSUCH'], 'ERR Unknown Redis command called from script'],
    [['GET'], 'ERR Wrong number of args calling Redis command from script'],
    [['EVAL', 'return 1', '0'], 'ERR This Redis command is not allowed from script'],
  ] as [[string, ...string[]], string][])('refuses %j within a script', (command, message) => {
    const redis = engineWith((call) => call(...command))
    expect(redis.execute(['EVALSHA', SHA1, 0]).error).toBe(`${message} script: ${SHA1}`)
  })

  test('refuses writes in a read-only call', () => {
    const redis = engineWith((call) => call('SET', 'key', 'value'))
    expect(redis.execute(['EVALSHA_RO', SHA1, 0]).error).toMatch(
      /^ERR Write commands are not allowed from read-only scripts\./,
    )
  })

  test('refuses a write that needs memory when memory is full, but not after another write of the script', () => {
    const redis = engineWith((call, _keys, [first = '']) => {
      if (first === 'delete') call('DEL', 'small')
      return call('SET', 'key', 'value')
    }, 1_000)
    redis.execute(['SET', 'small', 'a'])
    redis.execute(['SET', 'large', 'x'.repeat(2_000)])

    expect(redis.execute(['EVALSHA', SHA1, 0]).error).toMatch(/^OOM /)
    expect(redis.execute(['EVALSHA', SHA1, 0, 'delete']).result).toBe('OK')
  })
})
