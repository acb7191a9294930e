/**
 * Converts sessions between their stored form and the form that callers get.
 *
 * @module
 */

import { isSameText } from '../entry/same-text.ts'
import { CorruptEntryError, type SessionRefusal } from '../errors.ts'
import { readAs, type SessionContext } from './context.ts'
import { MINUTE_MS } from './options.ts'
import type { SessionFields } from './replies.ts'
import type { Session, SessionState } from './session.ts'
import type { Home, Ref } from './steps.ts'
import { openPermissions } from './user-values.ts'
import type { Place } from './vault.ts'

/** The encrypted part of a session. */
export interface Content {
  readonly userId: string
  readonly userEmail: string
  readonly device?: string
  readonly ip?: string
  /** In epoch milliseconds of the isolate that created the session. */
  readonly absoluteExpiresAt: number
  readonly data: object
}

/** The fields stored in clear beside the payload, and authenticated with it. */
export interface Beside {
  readonly writeId: string
  readonly state: string
  readonly idleMs: number
  readonly secretHash: string
}

/** A session, with what is needed to change it. */
export interface Opened {
  readonly session: Session<object>
  readonly content: Content
  readonly fields: SessionFields
}

const LETTERS = { active: 'a', pending: 'p', anonymous: 'n' } as const

/** The stored form of a state. */
export function letterOf(state: SessionState): string {
  return LETTERS[state]
}

function stateOf(letter: string): SessionState | undefined {
  const states = ['active', 'pending', 'anonymous'] as const
  return states.find((state) => LETTERS[state] === letter)
}

function placeOf(home: Home, id: string, beside: Beside): Place {
  const { writeId, state, idleMs, secretHash } = beside
  const header = `${writeId};${state};${idleMs};${secretHash}`
  return { purpose: 'session', key: home.session(id), header }
}

/** @throws {InvalidValueError} When the data cannot be encoded, or is too large. */
export function sealContent(
  ctx: SessionContext,
  { home, id }: Pick<Ref, 'home' | 'id'>,
  beside: Beside,
  content: Content,
): Promise<string> {
  return ctx.vault.seal(content, placeOf(home, id, beside))
}

/**
 * Decrypts and checks a session that Redis has reported as alive.
 *
 * @param validatedAt When the request began, in epoch milliseconds of this isolate.
 * @throws {SessionUnavailableError} When the ring lacks the key that encrypted it.
 */
export async function openSession(
  ctx: SessionContext,
  ref: Ref & { readonly createdAt: number },
  fields: SessionFields,
  validatedAt: number,
): Promise<Opened | SessionRefusal> {
  const state = stateOf(fields.state)
  if (state === undefined) return 'tampered'
  if (ctx.vault.isRetired(fields.payload)) return 'expired'
  const opened = await unseal(ctx, ref, fields)
  if (opened === undefined) return 'tampered'
  const { content, permissions } = opened
  // Redis decides by its own clock. This check limits how far a manipulated field could prolong the session.
  if (ctx.platform.now() >= content.absoluteExpiresAt + MINUTE_MS) return 'expired'
  const data = await readAs(ctx.schema, content.data)
  if (data === undefined) return 'outdated'
  const { userId, userEmail, device, ip } = content
  const { usedAt, idleMs, absoluteAt, hardId, softId } = fields
  // Assigned field by field: this runs in every validation, and spreading objects takes several times as
  // long.
  const session: Session<object> = {
    id: ref.id,
    userId,
    userEmail,
    state,
    data: data.value as object,
    permissions,
    epoch: `${hardId}.${softId}`,
    device,
    ip,
    createdAt: ref.createdAt,
    lastSeenAt: usedAt,
    expiresAt: idleMs > 0 ? Math.min(usedAt + idleMs, absoluteAt) : absoluteAt,
    absoluteExpiresAt: absoluteAt,
    validatedAt,
    isSuperseded: !isSameText(ref.secretHash, fields.secretHash),
  }
  return { session, content, fields }
}

async function unseal(
  ctx: SessionContext,
  { home, id }: Ref,
  fields: SessionFields,
): Promise<{ content: Content; permissions: readonly string[] | undefined } | undefined> {
  try {
    // The content is authentic, so it has the form that was sealed.
    const content = (await ctx.vault.open(fields.payload, placeOf(home, id, fields))) as Content
    return { content, permissions: await openPermissions(ctx, home, fields.permissions) }
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}
