import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { type RestOptions, restTransport } from '../../../src/redis/rest.ts'
import { everythingIn } from '../../support/leaks.ts'

const good: RestOptions = { url: 'https://sentinel.example', token: 'sentinel-token' }

function errorOf(options: object): InvalidOptionError {
  try {
    restTransport({ ...good, ...options })
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
  }
  return expect.unreachable('the options must be refused')
}

describe('restTransport', () => {
  test.each([
    'https://sentinel.example',
    'https://sentinel.example/',
    'https://sentinel.example:8443/base/',
    'http://localhost:8080',
    'http://redis.localhost',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
  ])('accepts %s', (url) => {
    expect(restTransport({ ...good, url }).kind).toBe('rest')
  })

  test('accepts http to another host only with the option for it', () => {
    const url = 'http://sentinel.internal'

    expect(errorOf({ url }).message).toMatch(/https:.*allowHttp/)
    expect(restTransport({ ...good, url, allowHttp: true }).kind).toBe('rest')
  })

  test.each([
    ['url', undefined, /must be the https:\/\/ address/],
    ['url', '', /must be the https:\/\/ address/],
    ['url', ' https://sentinel.example', /spaces/],
    ['url', 'https://sentinel.example\n', /spaces/],
    ['url', '"https://sentinel.example"', /quotes/],
    [
      'url',
      'rediss://default:sentinel@sentinel.example:6379',
      /redis:\/\/ is for the tcp transport/,
    ],
    ['url', 'redis://sentinel.example:6379', /redis:\/\/ is for the tcp transport/],
    ['url', 'sentinel.example', /a URL such as/],
    ['url', 'ftp://sentinel.example', /a URL such as/],
    ['url', 'http://127.0.0.1.sentinel.example', /https:/],
    ['url', 'https://user:sentinel@host', /user name/],
    ['url', 'https://sentinel.example/?_token=sentinel', /query/],
    ['token', undefined, /must be the bearer token/],
    ['token', '', /must be the bearer token/],
    ['token', 'sentinel\n', /spaces/],
    ['token', "'sentinel'", /quotes/],
    ['token', 'sentinel token', /printable ASCII/],
    ['token', 'sentinël', /printable ASCII/],
    ['encoding', 'sentinel', /'none' or 'base64'/],
    ['maxReplyBytes', 0, /at least 1/],
    ['maxReplyBytes', Number.NaN, /at least 1/],
  ])('rejects the %s %j with the reason, without quoting it', (option, value, why) => {
    const error = errorOf({ [option]: value })

    expect(error.option).toBe(option)
    expect(error.message).toMatch(why)
    expect(everythingIn(error.message)).not.toMatch(/sentin/)
  })
})
