/**
 * Runs the test instance of better-auth on our secondary storage.
 *
 * @module
 */

import { getTestInstance } from 'better-auth/test'
import { betterAuthStorage } from 'nearcache/interop/better-auth'
import { expect, test } from 'vitest'
import { connect, KEYS } from './connect.mjs'

const PARALLEL = 10

async function instance() {
  const secondaryStorage = betterAuthStorage({ redis: connect(), keys: KEYS })
  const test = await getTestInstance({ secondaryStorage, rateLimit: { enabled: false } })
  const signIn = async () => {
    const response = await test.auth.api.signInEmail({ body: test.testUser, asResponse: true })
    const cookie = response.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    return new Headers({ cookie })
  }
  return { ...test, signIn, secondaryStorage }
}

test('signs in, finds the session, lists it and revokes it', async () => {
  const { auth, signIn } = await instance()
  const [mine, theirs] = [await signIn(), await signIn()]
  const { session } = await auth.api.getSession({ headers: theirs })
  const before = await auth.api.listSessions({ headers: mine })
  expect(before.map(({ token }) => token)).toContain(session.token)

  await auth.api.revokeSession({ headers: mine, body: { token: session.token } })

  expect(await auth.api.getSession({ headers: theirs })).toBe(null)
  const after = await auth.api.listSessions({ headers: mine })
  expect(after).toHaveLength(before.length - 1)
})

test('lists ten of ten sign-ins at once, and after revoking them none is alive', async () => {
  const { auth, signIn } = await instance()
  const first = await signIn()
  const before = (await auth.api.listSessions({ headers: first })).length
  const all = await Promise.all(Array.from({ length: PARALLEL }, signIn))
  const listed = await auth.api.listSessions({ headers: first })
  expect(listed).toHaveLength(before + PARALLEL)

  await auth.api.revokeSessions({ headers: first })

  const alive = await Promise.all(
    [first, ...all].map((headers) => auth.api.getSession({ headers })),
  )
  expect(alive.filter(Boolean)).toEqual([])
})
