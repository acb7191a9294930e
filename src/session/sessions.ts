/**
 * Opens and validates single sessions.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { type SessionRefusal, SessionRefusedError, SessionUnavailableError } from '../errors.ts'
import { callListener } from '../platform/listener.ts'
import { checkUserId, conform, type SessionContext } from './context.ts'
import { type LifetimeOptions, resolveLifetimes } from './options.ts'
import { type Content, letterOf, type Opened, openSession, sealContent } from './record.ts'
import { endQuietly } from './revocation.ts'
import type { Issued, Session, SessionState, ValidateOptions } from './session.ts'
import { homeNames, type Ref } from './steps.ts'
import { mintToken, randomHome, readToken, type Token } from './token.ts'
import { openPermissions } from './user-values.ts'

/** A token that was read, with what Redis is asked about it. */
export interface TokenRef extends Ref {
  readonly token: Token
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** The content of a new session, and its lifetimes. */
export interface Opening {
  readonly userId: string
  readonly userEmail: string
  readonly state: SessionState
  readonly data: object
  readonly device: string | undefined
  readonly ip: string | undefined
  /** The hard id that the user must have; `''` for any. */
  readonly ifEpoch: string
  /** The id of the same user's session that the new one replaces; `''` for none. */
  readonly replaces: string
  readonly lifetimes: LifetimeOptions
}

/** The result of a validation, with what is needed to change the session. */
export type Validated =
  | (Opened & { readonly ok: true; readonly ref: TokenRef })
  | { readonly ok: false; readonly reason: SessionRefusal }

const ACTIVE: readonly SessionState[] = ['active']
const NEVER = -1

/**
 * Opens a session: one command in one request.
 *
 * @throws {SessionRefusedError} `limit`, or `revoked` if the epoch is not the given one.
 * @throws {SessionUnavailableError} When Redis did not confirm that it is stored. A session that may be
 *   stored is ended.
 */
export async function open(ctx: SessionContext, opening: Opening): Promise<Issued<object>> {
  const { platform, policy } = ctx
  const { userId, userEmail, state, device, ip } = opening
  const { idleMs, absoluteMs } = resolveLifetimes(policy.lifetimes, opening.lifetimes)
  const data = (await conform(ctx.schema, opening.data, "the session's data")) as object
  const now = platform.now()
  const ref = newRef(ctx, opening, now)
  const { secretHash } = ref
  const content: Content = {
    ...{ userId, userEmail, data },
    // Absent fields are left out, since JSON has no `undefined`.
    ...(device !== undefined && { device }),
    ...(ip !== undefined && { ip }),
    absoluteExpiresAt: now + absoluteMs,
  }
  const beside = { writeId: randomId(), state: letterOf(state), idleMs, secretHash }
  const payload = await sealContent(ctx, ref, beside, content)
  const { maxSessions, whenFull } = policy
  const { ifEpoch, replaces } = opening
  const validatedAt = platform.now()
  const created = await ctx.steps
    .create(ref, { ...beside, absoluteMs, payload, maxSessions, whenFull, ifEpoch, replaces })
    .catch((error: SessionUnavailableError) => {
      // The session may be stored, with a token that nobody has.
      if (error.applied !== 'no') endQuietly(ctx, ref.home, [ref.id])
      throw error
    })
  if (created.word !== 'ok') throw new SessionRefusedError(created.word)
  endQuietly(ctx, ref.home, created.gone)
  const permissions = await openPermissions(ctx, ref.home, created.permissions).catch((error) => {
    // The session is stored, but the login fails: nobody gets its token.
    endQuietly(ctx, ref.home, [ref.id])
    throw error
  })
  const lifeMs = idleMs > 0 ? Math.min(idleMs, absoluteMs) : absoluteMs
  const session: Session<object> = {
    ...{ id: ref.id, userId, userEmail, state, data },
    permissions,
    epoch: `${created.hardId}.${created.softId}`,
    ...{ device, ip, createdAt: ref.createdAt, lastSeenAt: created.now },
    expiresAt: created.now + lifeMs,
    absoluteExpiresAt: created.now + absoluteMs,
    validatedAt,
    isSuperseded: false,
  }
  return { token: ref.token.text, session }
}

/**
 * Asks Redis whether a token is valid: one command in one request, none if the text is not a token.
 *
 * @throws {SessionUnavailableError} When Redis gave no usable answer, or a key is unknown here.
 */
export async function validate(
  ctx: SessionContext,
  text: string,
  { allow = ACTIVE, touch = true }: ValidateOptions = {},
): Promise<Validated> {
  const ref = refOf(ctx, text, 'validate')
  if (typeof ref === 'string') return refuse(ctx, ref, undefined)
  const validatedAt = ctx.platform.now()
  const looked = await ctx.steps.validate(ref, touch ? ctx.policy.touchMs : NEVER)
  if (looked.word !== 'ok') return refuse(ctx, looked.word, ref.id)
  const opened = await openSession(ctx, ref, looked.fields, validatedAt)
  if (typeof opened === 'string') return refuse(ctx, opened, ref.id)
  const { session, content, fields } = opened
  if (!allow.includes(session.state)) return refuse(ctx, session.state, ref.id)
  return { ok: true, ref, session, content, fields }
}

/**
 * Reads a token. Makes no request.
 *
 * @throws {SessionUnavailableError} When it was made with a key that is unknown here.
 */
export function refOf(
  ctx: SessionContext,
  text: string,
  operation: string,
): TokenRef | SessionRefusal {
  const read = readToken(text, ctx.ring)
  if (read.kind === 'token') return toRef(ctx, read.token)
  if (read.kind === 'malformed') return 'malformed'
  if (ctx.retired.has(read.keyId)) return 'expired'
  throw new SessionUnavailableError(operation, 'unknown key')
}

/** What Redis is asked about a token. */
export function toRef(ctx: SessionContext, token: Token): TokenRef {
  const { id, secretHash, createdAt } = token
  return { token, home: homeNames(ctx.base, token.home), id, secretHash, createdAt }
}

function newRef(ctx: SessionContext, { userId, state }: Opening, now: number): TokenRef {
  const key = ctx.ring.primary
  if (state === 'anonymous') return toRef(ctx, mintToken(key, randomHome(), now))
  checkUserId(userId)
  return toRef(ctx, mintToken(key, key.homeOf(userId), now))
}

function refuse(
  { onRefusal }: SessionContext,
  reason: SessionRefusal,
  sessionId: string | undefined,
): Validated {
  if (onRefusal) callListener(onRefusal, [{ reason, sessionId }])
  return { ok: false, reason }
}
