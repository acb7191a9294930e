import { expect, test } from 'vitest'
import type { Requester } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli } from '../../support/cli.ts'

/** A Redis before which whoever waits gives up: the first request is the end of the process, and has no answer. */
function givenUp(): { readonly redis: Requester; readonly signal: AbortSignal } {
  const ended = new AbortController()
  return {
    signal: ended.signal,
    redis: {
      request: () => {
        ended.abort()
        return new Promise(() => undefined)
      },
    },
  }
}

test.each([
  ['status'],
  ['health'],
  ['stats'],
  ['report'],
  ['alerts'],
  ['doctor'],
  ['get', 'a'],
  ['inspect', 'a'],
  ['del', 'a'],
  ['tags', '--count'],
  ['invalidate', 'a', '--dry-run'],
  ['invalidate', '--pattern', 'a*'],
  ['sessions'],
  ['warm'],
])('%s %s ends as soon as the process is asked to, and shows no result', async (...words) => {
  const host = { ...givenUp(), platform: new ManualPlatform() }

  expect(await runCli(words, host)).toEqual({
    code: 1,
    printed: '',
    warned: `nearcache ${words[0]}: interrupted`,
  })
})

test('that it was ended is one document of JSON', async () => {
  const { code, printed } = await runCli(['tags', '--json'], {
    ...givenUp(),
    platform: new ManualPlatform(),
  })

  expect(code).toBe(1)
  expect(JSON.parse(printed)).toEqual({
    command: 'tags',
    error: { code: 'ERR_ENDED', message: 'interrupted' },
  })
})

test('what fails once it was ended is not told as a result', async () => {
  const ended = new AbortController()
  const redis = {
    request: () => {
      ended.abort()
      return Promise.reject(new Error('closed'))
    },
  }

  const { code, printed } = await runCli(['doctor'], { redis, signal: ended.signal })

  expect({ code, printed }).toEqual({ code: 1, printed: '' })
})
