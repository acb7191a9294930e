/**
 * Contract of single commands: replies of Redis arrive in their JSON form, exact to the last character.
 *
 * @module
 */

import { isNearcacheError } from '../../errors.ts'
import { ACQUIRE, LATE } from '../../redis/scripts/protocol.ts'
import { check, checkRejects, checkSame, textFrom } from './check.ts'
import type { Clause } from './contract-case.ts'
import { clause } from './wire.ts'

const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['accents and emoji', 'naïve 🦊 файл 漢字'],
  ['a byte order mark', '\uFEFFmarked'],
  ['control characters and quotes', '\u0000"\\\r\n\u2028'],
  ['a text that looks like base64', 'T0s='],
  ['a text that looks like a number', '0123456789012345678901'],
  ['the text OK', 'OK'],
  ['an empty text', ''],
]

/** The clauses. */
export const REPLIES: readonly Clause[] = [
  clause('a status, a text, a number, a nil and a list arrive in JSON form', async (wire) => {
    const { run } = wire
    checkSame(await run('SET', 'k', 'v'), { result: 'OK' }, 'SET answers its status')
    checkSame(await run('GET', 'k'), { result: 'v' }, 'GET answers the text')
    checkSame(await run('INCRBY', 'n', 41), { result: 41 }, 'INCRBY answers a number')
    checkSame(await run('GET', 'none'), { result: null }, 'GET of no key answers null')
    checkSame(
      await run('MGET', 'k', 'none', 'n'),
      { result: ['v', null, '41'] },
      'MGET answers a list with null for no key',
    )
    checkSame(await run('HGETALL', 'none'), { result: [] }, 'HGETALL of no key answers []')
  }),
  clause('a hash arrives as a flat list, whatever the case of the command', async ({ run }) => {
    await run('HSET', 'h', 'f', '1', 'g', '2')
    checkSame(
      await run('hgetall', 'h'),
      { result: ['f', '1', 'g', '2'] },
      'hgetall answers fields and values in one list',
    )
  }),
  clause('a request without a path is one command', async ({ transport }) => {
    checkSame(
      await transport.request({ body: ['ECHO', 'here'] }),
      { result: 'here' },
      'a request without a path is answered as a command',
    )
  }),
  clause('an error reply resolves to the error text of Redis', async ({ run }) => {
    await run('SET', 'k', 'v')
    checkSame(
      await run('HGET', 'k', 'f'),
      { error: textFrom('WRONGTYPE ') },
      'an error reply resolves to { error }, without a result',
    )
  }),
  clause('an unknown script answers NOSCRIPT', async ({ run }) => {
    checkSame(
      await run('EVALSHA', 'f'.repeat(40), 0),
      { error: textFrom('NOSCRIPT') },
      'EVALSHA of an unknown script answers NOSCRIPT, on which the text is sent',
    )
  }),
  clause('the scripts of the cache run by their text, and then by their hash', async ({ run }) => {
    const rest = [3, '{k}:l', '{k}:e', '{k}:m', 'nonce', 60_000, 60_000, ''] as const
    const { result: first } = await run('EVAL', ACQUIRE.lua, ...rest)
    check(
      Array.isArray(first) && first.length === 2 && String(first[0]).startsWith('nonce-'),
      'EVAL answers the list that the script returns',
    )
    checkSame(
      await run('EVALSHA', ACQUIRE.sha1, ...rest),
      { result: first },
      'EVALSHA finds the script that EVAL loaded, and the lease that it stored',
    )
    checkSame(
      await run('EVALSHA', ACQUIRE.sha1, 2, '{k}:l', '{k}:e', 'other', 60_000, 60_000, ''),
      { result: 0 },
      'a number that a script returns is a number',
    )
    const { result: late } = await run('EVAL', LATE.lua, 2, '{k}:none', '{k}:m', 'nonce', 60_000)
    check(
      Array.isArray(late) && late.length === 2 && late[0] === null,
      'nil in a list that a script returns is null',
    )
  }),
  ...TEXTS.map(([name, text]) =>
    clause(`a value is returned unchanged: ${name}`, async ({ run, pipeline }) => {
      await run('SET', `k${text}`, text)
      checkSame(await run('GET', `k${text}`), { result: text }, 'GET answers what was set')
      checkSame(await run('MGET', `k${text}`), { result: [text] }, 'MGET answers what was set')
      checkSame(
        await pipeline(['GET', `k${text}`]),
        [{ result: text }],
        'GET in a pipeline answers what was set',
      )
    }),
  ),
  clause('a value of two megabytes is returned unchanged', async ({ run }) => {
    const value = 'é1234567'.repeat(220_000)
    await run('SET', 'big', value)
    const { result } = await run('GET', 'big')
    check(result === value, 'GET answers the whole of a large value')
  }),
  clause('a request whose signal is aborted already is not sent', async ({ transport, run }) => {
    const reason = new Error('deadline')
    const signal = AbortSignal.abort(reason)
    await checkRejects(
      transport.request({ path: [], body: ['SET', 'k', 'v'], signal }),
      (error) => error === reason,
      'a request that is aborted before it is sent rejects with the reason of its signal',
    )
    checkSame(await run('GET', 'k'), { result: null }, 'a request that was aborted is not sent')
  }),
  clause('an aborted request rejects with its reason, and later ones work', async (wire) => {
    const { transport, run } = wire
    const reason = new Error('deadline')
    const controller = new AbortController()
    await run('PING')
    const { signal } = controller
    const request = transport.request({ path: [], body: ['GET', 'k'], signal })
    controller.abort(reason)
    // A request that needs no I/O is answered before it can be aborted.
    if (!(await isSettledNow(request))) {
      await checkRejects(
        request,
        (error) => error === reason,
        'a request that is aborted under way rejects with the reason of its signal',
      )
    }
    checkSame(await run('PING'), { result: 'PONG' }, 'a request after an aborted one is answered')
  }),
  clause('a closed transport refuses requests', async ({ transport, run }) => {
    await run('PING')
    await transport.close()
    await checkRejects(
      run('PING'),
      (error) => isNearcacheError(error) && error.code === 'ERR_CLOSED',
      'a request of a closed transport rejects with a ClosedError',
    )
  }),
]

/** Clauses for scripts of the user: for a Redis that runs Lua. */
export const LUA_REPLIES: readonly Clause[] = [
  clause('a script can return lists with errors inside', async ({ run }) => {
    const lua = "return {1, 'two', {3, false}, redis.error_reply('ERR inner')}"
    const { result } = await run('EVAL', lua, 0)
    check(Array.isArray(result) && result.length === 4, 'EVAL answers the list of the script')
    const [one, two, inner, error] = result as readonly unknown[]
    checkSame([one, two, inner], [1, 'two', [3, null]], 'lists in a list arrive as they are')
    check(/ERR inner$/.test(String(error)), 'an error inside a list arrives as its text')
  }),
]

/** Whether the promise has resolved, or resolves without any I/O. */
async function isSettledNow(work: Promise<unknown>): Promise<boolean> {
  let settled = false
  work.then(
    () => {
      settled = true
    },
    () => undefined,
  )
  for (let turn = 0; turn < 20; turn++) await undefined
  return settled
}
