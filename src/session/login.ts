/**
 * Opens sessions on behalf of a login: what its options mean, and what becomes of the session that
 * the visitor had before.
 *
 * @module
 */

import { isObject } from '../entry/json-object.ts'
import { checkFields, oneOf } from '../entry/option-checks.ts'
import { InvalidKeyError, InvalidOptionError, SessionUnavailableError } from '../errors.ts'
import { homesOf, type SessionContext } from './context.ts'
import type { LifetimeOptions } from './options.ts'
import { endQuietly } from './revocation.ts'
import type { Issued } from './session.ts'
import { type Opening, open, refOf, type Validated, validate } from './sessions.ts'

/** Options of a session without a user. */
export interface AnonymousOptions<Data = Record<string, unknown>> extends LifetimeOptions {
  /** @default {} */
  readonly data?: Data
  /** What the client calls itself, for the user's list; at most 512 characters. @default none */
  readonly device?: string
  /** @default none */
  readonly ip?: string
}

/** Options of `createSession`. */
export interface CreateSessionOptions<Data = Record<string, unknown>>
  extends AnonymousOptions<Data> {
  /** `pending` until `activateSession`, where a second factor is still to come. @default 'active' */
  readonly state?: 'active' | 'pending'
  /**
   * The token that the visitor had before. Its session ends, unless its key is unknown here; the data of
   * an anonymous one is carried over, below `data`. @default none
   */
  readonly from?: string
  /**
   * What `sessionEpoch` returned before the password was checked: if the user's sessions were revoked
   * since, none is opened. @default not compared
   */
  readonly ifEpoch?: string
  /** Adds `login` to what the user did. @default false */
  readonly trackActivity?: boolean
}

const ANONYMOUS = [
  ...['data', 'device', 'ip'],
  ...['maxAge', 'slidingExpiration', 'idleTimeout', 'absoluteTimeout'],
]
const NAMED = [...ANONYMOUS, 'state', 'from', 'ifEpoch', 'trackActivity']
const MAX_LABEL = 512
const ANY_STATE = { allow: ['active', 'pending', 'anonymous'], touch: false } as const

/** @throws {InvalidOptionError} When an option is unknown or not of its kind. */
export function anonymousOpening(options: AnonymousOptions<object>): Opening {
  checkFields(options, 'options', ANONYMOUS)
  const nobody = { userId: '', userEmail: '', ifEpoch: '', replaces: '' }
  return { ...nobody, state: 'anonymous', ...commonOf(options) }
}

/**
 * @throws {InvalidOptionError} When an option is unknown or not of its kind.
 * @throws {InvalidKeyError} When the e-mail address is no text.
 */
export function namedOpening(
  userId: string,
  userEmail: string,
  options: CreateSessionOptions<object>,
): Opening {
  checkFields(options, 'options', NAMED)
  const { state = 'active', ifEpoch = '' } = options
  oneOf(state, 'state', ['active', 'pending'])
  if (typeof userEmail !== 'string' || userEmail.length > MAX_LABEL) {
    throw new InvalidKeyError(`user e-mail is not a text of at most ${MAX_LABEL} characters`)
  }
  return { userId, userEmail, state, ifEpoch, replaces: '', ...commonOf(options) }
}

/**
 * Opens a session in the place of another, which is over when this returns. One of the same user ends in
 * the same step, and leaves its room.
 *
 * @throws As {@link open} does; if the other could not be ended, the new one is not handed out.
 */
export async function openFrom(
  ctx: SessionContext,
  opening: Opening,
  from: string | undefined,
): Promise<Issued<object>> {
  const before = from === undefined ? undefined : await former(ctx, from)
  if (!before?.ok) return open(ctx, opening)
  const { session, ref } = before
  const carried = session.state === 'anonymous' ? session.data : {}
  const [home] = homesOf(ctx, opening.userId)
  const replaces = home.index === ref.home.index ? ref.id : ''
  const issued = await open(ctx, { ...opening, replaces, data: { ...carried, ...opening.data } })
  if (replaces !== '') return issued
  try {
    await ctx.steps.end(ref.home, ref.id)
  } catch (error) {
    endOpened(ctx, issued)
    throw error
  }
  return issued
}

/**
 * The session of before. One whose key is unknown here is left to expire: a browser that brings its token
 * along, and cannot drop it, has to be able to log in.
 */
async function former(ctx: SessionContext, from: string): Promise<Validated | undefined> {
  try {
    return await validate(ctx, from, ANY_STATE)
  } catch (error) {
    if (error instanceof SessionUnavailableError && error.reason === 'unknown key') return undefined
    throw error
  }
}

/** Nobody will have its token. */
function endOpened(ctx: SessionContext, { token }: Issued<object>): void {
  const ref = refOf(ctx, token, 'end')
  if (typeof ref !== 'string') endQuietly(ctx, ref.home, [ref.id])
}

function commonOf(
  options: AnonymousOptions<object>,
): Pick<Opening, 'data' | 'device' | 'ip' | 'lifetimes'> {
  const { data = {}, device, ip, ...lifetimes } = options
  if (!isObject(data)) throw new InvalidOptionError('data', 'an object')
  return { data, device: label(device, 'device'), ip: label(ip, 'ip'), lifetimes }
}

function label(text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined
  if (typeof text !== 'string') throw new InvalidOptionError(option, 'a text')
  // A client may call itself anything; what is too long is cut, not refused.
  return text.slice(0, MAX_LABEL).toWellFormed()
}
