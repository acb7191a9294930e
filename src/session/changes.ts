/**
 * Changes sessions by compare-and-set. If another call has changed the session in the meantime, the change is
 * repeated on the new state, so that no change is lost and none restores a session that has ended.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { isSameText } from '../entry/same-text.ts'
import { type SessionRefusal, SessionRefusedError } from '../errors.ts'
import { conform, type SessionContext } from './context.ts'
import { letterOf, type Opened, openSession, sealContent } from './record.ts'
import type { Issued, SessionState } from './session.ts'
import { type TokenRef, toRef, validate } from './sessions.ts'
import { type Token, withSecret } from './token.ts'

/** A change of a session. */
export interface Alteration {
  readonly data?: ((data: object) => object) | undefined
  readonly state?: SessionState
  /** Gives the session a new secret; the present one stays valid for this many milliseconds. */
  readonly overlapMs?: number
}

interface Current extends Opened {
  readonly ref: TokenRef
}

const EVERY_STATE: readonly SessionState[] = ['active', 'pending', 'anonymous']
/**
 * Of concurrent changes of a session, one succeeds in each round: so this many concurrent changes all
 * succeed.
 */
const MAX_ATTEMPTS = 200

/**
 * Changes a session.
 *
 * @param allow The states in which the session may be.
 * @throws {SessionRefusedError} When the session is not valid, or concurrent calls kept changing it.
 * @throws {SessionUnavailableError} When Redis did not confirm the change.
 */
export async function alter(
  ctx: SessionContext,
  text: string,
  alteration: Alteration,
  allow: readonly SessionState[] = EVERY_STATE,
): Promise<Issued<object>> {
  const validated = await validate(ctx, text, { allow })
  if (!validated.ok) throw new SessionRefusedError(validated.reason)
  let current: Current = validated
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (!allow.includes(current.session.state)) {
      throw new SessionRefusedError(current.session.state)
    }
    if (current.session.isSuperseded && alteration.overlapMs !== undefined) {
      return successor(current, alteration)
    }
    const saved = await save(ctx, current, alteration)
    if ('token' in saved) return saved
    current = saved
  }
  throw new SessionRefusedError('conflict')
}

/** Tries the change once. @returns The result, or the state that is stored now if another call was faster. */
async function save(
  ctx: SessionContext,
  { ref, session, content, fields }: Current,
  { data, state = session.state, overlapMs }: Alteration,
): Promise<Issued<object> | Current> {
  const next =
    data && ((await conform(ctx.schema, data(session.data), "the session's data")) as object)
  const nonce = randomId()
  const after = overlapMs === undefined ? ref : toRef(ctx, follow(ref.token, nonce))
  const secretHash = overlapMs === undefined ? fields.secretHash : after.secretHash
  const beside = { writeId: randomId(), state: letterOf(state), idleMs: fields.idleMs, secretHash }
  const payload = await sealContent(ctx, ref, beside, next ? { ...content, data: next } : content)
  const startedAt = ctx.platform.now()
  const saved = await ctx.steps.save(ref, {
    from: fields.writeId,
    ...{ writeId: beside.writeId, state: beside.state, payload },
    rotation: overlapMs === undefined ? undefined : { secretHash, overlapMs, nonce },
  })
  if (!('fields' in saved)) throw new SessionRefusedError(saved.word)
  const isSaved = saved.word === 'saved'
  const opened = await openSession(ctx, isSaved ? after : ref, saved.fields, startedAt)
  if (typeof opened === 'string') throw new SessionRefusedError(opened)
  if (isSaved) return { token: after.token.text, session: opened.session }
  // The reply of an earlier try of this same call was lost: that try has rotated the session.
  if (saved.word === 'rotated' && saved.fields.nonce === nonce) return successor({ ref, ...opened })
  return { ref, ...opened }
}

/** The successor token, the same for all callers that have the old one. */
function successor(
  { ref, session, fields }: Current,
  { data, state }: Alteration = {},
): Issued<object> {
  const next = follow(ref.token, fields.nonce)
  const follows = isSameText(next.secretHash, fields.secretHash)
  // The successor is no answer to a call that also changes the data or the state.
  if (!follows || data !== undefined || state !== undefined) {
    throw new SessionRefusedError('superseded' satisfies SessionRefusal)
  }
  return { token: next.text, session: { ...session, isSuperseded: false } }
}

function follow(token: Token, nonce: string): Token {
  return withSecret(token, token.key.successorOf(token.id, token.secret, nonce))
}
