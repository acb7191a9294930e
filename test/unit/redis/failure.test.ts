import { describe, expect, test } from 'vitest'
import {
  httpError,
  isOutage,
  networkError,
  operationOf,
  parseRetryAfter,
  replyError,
} from '../../../src/redis/failure.ts'
import { everythingIn } from '../../support/leaks.ts'

describe('replyError', () => {
  test.each([
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'WRONGTYPE', false],
    ['OOM command not allowed', 'OOM', false],
    ['NOAUTH Authentication required.', 'NOAUTH', false],
    ['LOADING Redis is loading the dataset in memory', 'LOADING', true],
    ['READONLY You can not write against a read only replica.', 'READONLY', true],
    ['CLUSTERDOWN The cluster is down', 'CLUSTERDOWN', true],
    ['BUSY Redis is busy running a script.', 'BUSY', true],
    ['ERR value is not an integer or out of range', 'ERR', false],
    ['ERR max requests limit exceeded. Limit: 500000', 'request quota exceeded', false],
    ['ERR max daily request limit exceeded', 'request quota exceeded', false],
    ['ERR max request size exceeded. Limit: 1 bytes', 'request too large', false],
    ['ERR DB capacity quota exceeded', 'data quota exceeded', false],
  ])('classifies "%s"', (text, reason, retryable) => {
    expect(replyError('GET', text)).toMatchObject({ operation: 'GET', reason, retryable })
  })

  test.each(['SENTINEL was here', 'sentinel', '', 'ERR no such thing: SENTINEL', 'OOM SENTINEL'])(
    'keeps no other text of "%s"',
    (text) => {
      expect(everythingIn(replyError('GET', text))).not.toMatch(/sentinel/i)
    },
  )

  test('knows which error replies mean that nothing was executed', () => {
    expect(replyError('EVALSHA', 'NOSCRIPT No matching script').applied).toBe('no')
    expect(replyError('SET', 'READONLY no').applied).toBe('no')
    // A script may have written before one of its calls failed.
    expect(replyError('EVALSHA', 'WRONGTYPE script: f, on @user_script:3.').applied).toBe('unknown')
    expect(replyError('EVALSHA', 'ERR user_script:3: oh').applied).toBe('unknown')
  })

  test.each([
    ["READONLY You can't write against a read only replica.", 'READONLY', true, 'no'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM', false, 'unknown'],
    ['MISCONF Redis is configured to save RDB snapshots.', 'MISCONF', false, 'no'],
    ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS', false, 'no'],
    ['WRONGTYPE Operation against a key', 'WRONGTYPE', false, 'unknown'],
    ['SENTINEL was here', 'ERR', false, 'unknown'],
  ])(
    'recognizes "%s" within an error of a script of Redis 6',
    (reply, reason, retryable, applied) => {
      const place =
        'ERR Error running script (call to f_45e87c07): @user_script:4: @user_script: 4:'

      expect(replyError('EVALSHA', `${place} -${reply}`)).toMatchObject({
        reason,
        retryable,
        applied,
      })
      expect(isOutage(`${place} -${reply}`)).toBe(reason === 'READONLY')
    },
  )

  test('does not conclude from one refused command that a whole batch was refused', () => {
    expect(replyError('pipeline', 'LOADING').applied).toBe('unknown')
    expect(replyError('multi-exec', 'EXECABORT Transaction discarded').applied).toBe('no')
  })
})

describe('isOutage', () => {
  test.each([
    'LOADING x',
    'READONLY x',
    'MASTERDOWN x',
    'NOAUTH x',
    'ERR max requests limit exceeded',
  ])('is true of "%s"', (text) => expect(isOutage(text)).toBe(true))

  test.each(['WRONGTYPE x', 'OOM x', 'ERR x', 'NOSCRIPT x', 'max requests limit exceeded', ''])(
    'is false of "%s"',
    (text) => expect(isOutage(text)).toBe(false),
  )
})

describe('networkError', () => {
  const withCode = (code: string): Error => Object.assign(new Error('to SENTINEL:6379'), { code })

  test.each([
    ['ECONNREFUSED', 'no', true],
    ['ENOTFOUND', 'no', true],
    ['EAI_AGAIN', 'no', true],
    ['UND_ERR_CONNECT_TIMEOUT', 'no', true],
    ['ECONNRESET', 'unknown', true],
    ['EPIPE', 'unknown', true],
    ['ETIMEDOUT', 'unknown', true],
    ['CERT_HAS_EXPIRED', 'no', false],
  ])(
    'derives from %s whether the command was applied and may be retried',
    (code, applied, retryable) => {
      expect(networkError('GET', withCode(code))).toMatchObject({
        reason: code,
        applied,
        retryable,
      })
    },
  )

  test('finds the code in the cause of an error and in an AggregateError', () => {
    const fetchFailed = new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })
    const everyAddress = new AggregateError([withCode('ECONNREFUSED')], 'all failed')

    expect(networkError('GET', fetchFailed).reason).toBe('ECONNREFUSED')
    expect(networkError('GET', new TypeError('fetch failed', { cause: everyAddress })).reason).toBe(
      'ECONNREFUSED',
    )
  })

  test.each([
    'Too many subrequests.',
    'Too many subrequests by single Worker invocation. To configure this limit, refer to SENTINEL',
    'Too many API requests by single worker invocation.',
  ])('derives from "%s" that nothing was sent and that a retry is allowed', (text) => {
    const told = networkError('GET', new Error(text))

    expect(told).toMatchObject({ reason: 'too many subrequests', applied: 'no', retryable: true })
    expect(everythingIn(told)).not.toContain('SENTINEL')
  })

  test('handles an error that is its own cause', () => {
    const circular = new Error('round')
    circular.cause = circular

    expect(networkError('GET', circular).reason).toBe('network')
  })

  test.each([
    withCode('SENTINEL'),
    new Error('SENTINEL', { cause: new Error('SENTINEL') }),
    { code: 'SENTINEL', command: { args: ['SENTINEL'] } },
    'SENTINEL',
    undefined,
  ])('gives only the reason "network" for an unknown error', (error) => {
    const told = networkError('GET', error)

    expect(told).toMatchObject({ reason: 'network', applied: 'unknown', retryable: true })
    expect(everythingIn(told)).not.toContain('SENTINEL')
  })
})

describe('httpError', () => {
  test.each([
    [401, 'HTTP 401', 'no', false],
    [429, 'HTTP 429', 'no', true],
    [500, 'HTTP 500', 'unknown', false],
    [502, 'HTTP 502', 'unknown', true],
    [503, 'HTTP 503', 'unknown', true],
    [504, 'HTTP 504', 'unknown', true],
    [307, 'redirected', 'no', false],
    // The status of an opaque redirect in a browser.
    [0, 'redirected', 'no', false],
  ])('classifies status %i', (status, reason, applied, retryable) => {
    expect(httpError('GET', status)).toMatchObject({ reason, applied, retryable })
  })
})

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 10, 24, 12, 0, 0)

  test.each([
    ['0', 0],
    ['120', 120_000],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 11:59:00 GMT', 0],
    ['', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['Tue, 24 Foo 2026 12:00:30 GMT', undefined],
    ['Tue, 24 anF 2026 12:00:30 GMT', undefined],
    ['9'.repeat(30), undefined],
    [null, undefined],
  ])('reads "%s" as %s', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected)
  })

  test('agrees with Date over four centuries, leap days included', () => {
    // Steps of 97 days, so that all months and 29 February occur.
    for (let at = Date.UTC(1999, 11, 1); at < Date.UTC(2400, 2, 2); at += 97 * 86_400_000) {
      expect(parseRetryAfter(new Date(at).toUTCString(), 0)).toBe(at)
    }
    const leapDay = Date.UTC(2400, 1, 29, 23, 59, 59)
    expect(parseRetryAfter(new Date(leapDay).toUTCString(), 0)).toBe(leapDay)
  })
})

describe('operationOf', () => {
  test.each([
    [{ body: ['get', 'SENTINEL'] }, 'GET'],
    [{ path: [], body: ['MGET', 'a', 'b'] }, 'MGET'],
    [{ path: ['pipeline'], body: [['GET', 'SENTINEL']] }, 'pipeline'],
    [{ path: ['subscribe', 'SENTINEL'], body: [] }, 'subscribe'],
    [{ body: ['SENTINEL:1', 'x'] }, 'command'],
    [{ body: undefined }, 'command'],
    [{ body: [null] }, 'command'],
  ])('names %j without its arguments', (request, expected) => {
    expect(operationOf(request)).toBe(expected)
  })
})
