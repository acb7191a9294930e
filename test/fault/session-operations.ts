/**
 * Every operation on sessions as the fault tests call it, with its result and its requests without faults.
 *
 * @module
 */

import type { SessionUserCache } from '../../src/session/index.ts'
import { type Kind, SENTINEL } from './operations.ts'

export const USER_ID = `${SENTINEL}-user`
export const EMAIL = `${SENTINEL}@example.com`

/** The arguments of an operation: a valid session and a pending one. */
export interface SessionSubject {
  readonly sessions: SessionUserCache
  readonly token: string
  readonly pending: string
}

/** One operation. */
export interface SessionOperation {
  readonly name: string
  /** Its requests when nothing fails. */
  readonly sends: readonly Kind[]
  /** Runs the operation, and returns how it ended. */
  run(subject: SessionSubject): Promise<string>
  /** Whether nil is a normal reply to its only request. @default false */
  readonly takesNil?: boolean
  /** Whether the token is still valid afterwards. @default true */
  readonly leavesSession?: boolean
}

export const SESSION_OPERATIONS: readonly SessionOperation[] = [
  {
    name: 'createSession',
    sends: ['grant'],
    run: async ({ sessions }) => typeof (await sessions.createSession(USER_ID, EMAIL)),
  },
  {
    name: 'createAnonymousSession',
    sends: ['grant'],
    run: async ({ sessions }) => typeof (await sessions.createAnonymousSession()),
  },
  {
    name: 'validate',
    sends: ['grant'],
    run: async ({ sessions, token }) => String((await sessions.validate(token)).ok),
  },
  {
    name: 'getSession',
    sends: ['grant'],
    run: async ({ sessions, token }) => String((await sessions.getSession(token))?.userId),
  },
  {
    name: 'touch',
    sends: ['grant'],
    run: async ({ sessions, token }) => String(await sessions.touch(token)),
  },
  {
    name: 'updateSession',
    sends: ['grant', 'grant'],
    run: async ({ sessions, token }) =>
      JSON.stringify((await sessions.updateSession(token, { n: 1 })).data),
  },
  {
    name: 'rotate',
    sends: ['grant', 'grant'],
    run: async ({ sessions, token }) => typeof (await sessions.rotate(token)).token,
  },
  {
    name: 'activateSession',
    sends: ['grant', 'grant'],
    run: async ({ sessions, pending }) => (await sessions.activateSession(pending)).session.state,
  },
  {
    name: 'destroySession',
    sends: ['script'],
    run: async ({ sessions, token }) => String(await sessions.destroySession(token)),
    leavesSession: false,
  },
  {
    name: 'revokeOthers',
    sends: ['grant', 'grant'],
    run: async ({ sessions, token }) => String(await sessions.revokeOthers(token)),
  },
  {
    name: 'revokeAll',
    sends: ['grant'],
    run: async ({ sessions }) => String(await sessions.revokeAll(USER_ID)),
    leavesSession: false,
  },
  {
    name: 'listSessions',
    sends: ['figures+', 'figures+'],
    run: async ({ sessions }) => String((await sessions.listSessions(USER_ID)).length),
  },
  {
    name: 'cacheUserPermissions',
    sends: ['grant'],
    run: async ({ sessions }) => String(await sessions.cacheUserPermissions(USER_ID, ['a'])),
  },
  {
    name: 'getCachedUserData',
    sends: ['look'],
    run: async ({ sessions }) => String(await sessions.getCachedUserData(USER_ID)),
    takesNil: true,
  },
  {
    name: 'getUserData',
    sends: ['grant', 'grant'],
    run: async ({ sessions }) => String(await sessions.getUserData(USER_ID, async () => 'loaded')),
  },
  {
    name: 'invalidateUser',
    sends: ['grant'],
    run: async ({ sessions }) => String(await sessions.invalidateUser(USER_ID)),
  },
  {
    name: 'trackActivity',
    sends: ['script'],
    run: async ({ sessions }) => String(await sessions.trackActivity(USER_ID, 'did', SENTINEL)),
  },
  {
    name: 'getUserActivity',
    sends: ['look'],
    run: async ({ sessions }) =>
      String((await sessions.getUserActivity(USER_ID)).activities.length),
  },
]
