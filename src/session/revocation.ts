/**
 * Ends one or many sessions, and lists the valid ones.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { InvalidKeyError, type SessionRefusal, SessionRefusedError } from '../errors.ts'
import { untilDone } from '../flight/every.ts'
import type { Reply } from '../redis/requester.ts'
import { homesOf, type SessionContext } from './context.ts'
import { resolveLifetimes } from './options.ts'
import { openSession } from './record.ts'
import { isTexts, malformed, readFields } from './replies.ts'
import type { SessionInfo } from './session.ts'
import type { Home } from './steps.ts'
import { createdAtOf, SESSION_ID } from './token.ts'

const FIELDS = ['s', 'v', 'h', 'x', 'i', 't', 'd', 'n', 'e'] as const

/** The pauses before the attempts, in milliseconds. */
const PAUSES_MS = [0, 2_000, 8_000, 16_000]

/**
 * Ends, in the background, sessions that are no longer in the index or whose token nobody has. Retries for
 * about half a minute if Redis cannot be reached.
 */
export function endQuietly(
  { steps, platform }: SessionContext,
  home: Home,
  ids: readonly string[],
): void {
  for (const id of ids) {
    platform.defer(untilDone(platform, PAUSES_MS, () => steps.end(home, id)))
  }
}

/**
 * Ends one session of a user by its id.
 *
 * @returns Whether it was valid.
 * @throws {InvalidKeyError} When the id does not have the form of a session id.
 */
export async function revokeOne(ctx: SessionContext, userId: string, id: string): Promise<boolean> {
  if (typeof id !== 'string' || !SESSION_ID.test(id)) throw new InvalidKeyError('not a session id')
  const ended = await Promise.all(homesOf(ctx, userId).map((home) => ctx.steps.end(home, id)))
  return ended.includes(true)
}

/**
 * Gives a user a new epoch, which makes all earlier sessions invalid, including those that are just being
 * created.
 *
 * @param keep A session that stays valid.
 * @returns How many sessions were listed.
 * @throws {SessionRefusedError} When the session to keep is not valid; then its home was not revoked.
 */
export async function revokeMany(
  ctx: SessionContext,
  homes: readonly Home[],
  keep?: { readonly home: Home; readonly id: string },
): Promise<number> {
  const nonce = randomId()
  const lifeMs = Math.max(
    resolveLifetimes(ctx.policy.lifetimes, {}).absoluteMs,
    ctx.policy.userTtlMs,
  )
  const revoked = await Promise.all(
    homes.map(async (home) => {
      const isKept = keep !== undefined && keep.home.index === home.index
      const gone = await ctx.steps.revoke(home, { nonce, lifeMs, ...(isKept && { keep: keep.id }) })
      if (typeof gone === 'string') throw new SessionRefusedError(gone satisfies SessionRefusal)
      endQuietly(ctx, home, gone)
      return gone.length
    }),
  )
  return revoked.reduce((sum, count) => sum + count, 0)
}

/** The valid sessions of a user, the latest first: two requests. */
export async function list(ctx: SessionContext, userId: string): Promise<SessionInfo[]> {
  const lists = await Promise.all(homesOf(ctx, userId).map((home) => listHome(ctx, home)))
  return lists.flat().sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

async function listHome(ctx: SessionContext, home: Home): Promise<readonly SessionInfo[]> {
  const [ids, hardId] = await Promise.all([
    ctx.steps.send('list', 'ZRANGE', home.index, 0, -1),
    ctx.steps.send('list', 'HGET', home.user, 'e'),
  ])
  if (!isTexts(ids)) throw malformed('list')
  const known = ids.filter((id) => SESSION_ID.test(id))
  const found = await Promise.all(
    known.map(async (id) => {
      const reply = await ctx.steps.send('list', 'HMGET', home.session(id), ...FIELDS)
      return infoOf(ctx, home, id, { reply, hardId })
    }),
  )
  return found.filter((info) => info !== undefined)
}

/** An entry of the list; `undefined` for a session that a validation would refuse. */
async function infoOf(
  ctx: SessionContext,
  home: Home,
  id: string,
  { reply, hardId }: { readonly reply: Reply; readonly hardId: Reply },
): Promise<SessionInfo | undefined> {
  if (!Array.isArray(reply) || reply.length !== FIELDS.length) throw malformed('list')
  const [state, ...rest] = reply as readonly unknown[]
  const epoch = rest.pop()
  if (state === null || state === 'x' || epoch !== hardId) return undefined
  const now = ctx.platform.now()
  const fields = readFields('list', [String(Math.floor(now)), state, ...rest, hardId, '', null])
  const ref = { home, id, secretHash: fields.secretHash, createdAt: createdAtOf(id) }
  const opened = await openSession(ctx, ref, fields, now)
  if (typeof opened === 'string') return undefined
  const { session } = opened
  const { device, ip, createdAt, lastSeenAt, expiresAt } = session
  return { id, state: session.state, device, ip, createdAt, lastSeenAt, expiresAt }
}
