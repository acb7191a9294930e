/**
 * Opens sessions at a login: reads the options, and replaces the session that the visitor had before.
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
import { type Opening, open, refOf, validate } from './sessions.ts'
import type { Ref } from './steps.ts'

/** Options of a session without a user. */
export interface AnonymousOptions<Data = Record<string, unknown>> extends LifetimeOptions {
  /** @default {} */
  readonly data?: Data
  /** The client's name for itself, for the user's list of sessions; at most 512 characters. @default none */
  readonly device?: string
  /** @default none */
  readonly ip?: string
}

/** Options of `createSession`. */
export interface CreateSessionOptions<Data = Record<string, unknown>>
  extends AnonymousOptions<Data> {
  /** `pending` if a second factor is still required; `activateSession` then makes it active. @default 'active' */
  readonly state?: 'active' | 'pending'
  /**
   * The visitor's previous token. That session ends, unless its key is unknown here. The data of an anonymous
   * session is kept; fields in `data` replace it. @default none
   */
  readonly from?: string
  /**
   * What `sessionEpoch` returned before the password was checked. If the user's sessions were revoked since,
   * no session is opened. @default not compared
   */
  readonly ifEpoch?: string
  /** Adds `login` to the user's activity. @default false */
  readonly trackActivity?: boolean
}

/** The session that a login replaces. */
interface Former {
  readonly ref: Ref
  readonly data: object
}

const ANONYMOUS = [
  ...['data', 'device', 'ip'],
  ...['maxAge', 'slidingExpiration', 'idleTimeout', 'absoluteTimeout'],
]
const NAMED = [...ANONYMOUS, 'state', 'from', 'ifEpoch', 'trackActivity']
const MAX_LABEL = 512
const ANY_STATE = { allow: ['active', 'pending', 'anonymous'], touch: false } as const

/** @throws {InvalidOptionError} When an option is unknown or has the wrong type. */
export function anonymousOpening(options: AnonymousOptions<object>): Opening {
  checkFields(options, 'options', ANONYMOUS)
  const nobody = { userId: '', userEmail: '', ifEpoch: '', replaces: '' }
  return { ...nobody, state: 'anonymous', ...commonOf(options) }
}

/**
 * @throws {InvalidOptionError} When an option is unknown or has the wrong type.
 * @throws {InvalidKeyError} When the e-mail address is not a text of at most 512 characters.
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
 * Opens a session that replaces another, which has ended when this returns. A previous session of the same
 * user ends in the same command, so it does not count towards the limit.
 *
 * @throws As {@link open} does. If the previous session could not be ended, the new one is not returned.
 */
export async function openFrom(
  ctx: SessionContext,
  opening: Opening,
  from: string | undefined,
): Promise<Issued<object>> {
  const before = from === undefined ? undefined : await former(ctx, from)
  if (!before) return open(ctx, opening)
  const { ref, data } = before
  const [home] = homesOf(ctx, opening.userId)
  const replaces = home.index === ref.home.index ? ref.id : ''
  const issued = await open(ctx, { ...opening, replaces, data: { ...data, ...opening.data } })
  if (replaces) return issued
  await ctx.steps.end(ref.home, ref.id).catch((error) => {
    // Nobody gets the new token.
    endQuietly(ctx, home, [issued.session.id])
    throw error
  })
  return issued
}

/**
 * The previous session, and the data to keep. If its key is unknown here, it is left to expire: a browser that
 * sends its token and cannot drop it must still be able to log in.
 */
async function former(ctx: SessionContext, from: string): Promise<Former | undefined> {
  try {
    const found = await validate(ctx, from, ANY_STATE)
    if (found.ok) {
      const { ref, session } = found
      return { ref, data: session.state === 'anonymous' ? session.data : {} }
    }
    // A thief may have rotated the session, and another version of the program may accept its data.
    if (found.reason !== 'superseded' && found.reason !== 'outdated') return undefined
    const ref = refOf(ctx, from, 'end')
    return typeof ref === 'string' ? undefined : { ref, data: {} }
  } catch (error) {
    if (error instanceof SessionUnavailableError && error.reason === 'unknown key') return undefined
    throw error
  }
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
  // The client chooses this text: if it is too long, it is cut and not refused.
  return text.slice(0, MAX_LABEL).toWellFormed()
}
