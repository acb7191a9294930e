/**
 * The operations of sessions on Redis: the keys and arguments of each script, and the check of its reply. A
 * missing or malformed reply becomes a `SessionUnavailableError`.
 *
 * @module
 */

import {
  CircuitOpenError,
  ClosedError,
  RemoteError,
  RemoteTimeoutError,
  SessionUnavailableError,
} from '../errors.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Argument, Reply } from '../redis/requester.ts'
import type { Script } from '../redis/scripts/script.ts'
import { CREATE, END, REVOKE, SAVE, VALIDATE } from '../redis/scripts/session.ts'
import {
  type Created,
  isTexts,
  type Looked,
  malformed,
  type Refused,
  readCreated,
  readLooked,
  readRefused,
} from './replies.ts'

/** Names of a user's keys. They share a hash tag, and so a hash slot. */
export interface Home {
  /** The user's epoch and values. */
  readonly user: string
  /** The user's sessions by expiry. */
  readonly index: string
  readonly activity: string
  /** The key of a session. */
  session(id: string): string
}

/** Identifies a session, and proves that the caller may use it. */
export interface Ref {
  readonly home: Home
  readonly id: string
  readonly secretHash: string
}

/** The fields of a new session. */
export interface NewSession {
  readonly writeId: string
  readonly state: string
  readonly absoluteMs: number
  readonly idleMs: number
  readonly payload: string
  readonly maxSessions: number
  readonly whenFull: 'evict' | 'refuse'
  /** The hard id that the user must have; `''` for any. */
  readonly ifEpoch: string
  /** The id of the same user's session that the new one replaces; `''` for none. */
  readonly replaces: string
}

/** A change of a session. */
export interface Change {
  /** The write id that the stored session must have. */
  readonly from: string
  readonly writeId: string
  readonly state: string
  readonly payload: string
  /** Gives the session a new secret. */
  readonly rotation?: Rotation | undefined
}

/** A new secret for a session. */
export interface Rotation {
  readonly secretHash: string
  readonly overlapMs: number
  readonly nonce: string
}

/** How long Redis remembers that a session has ended: longer than any request can be late. */
const REMEMBER_MS = 600_000

/** The names of a user's keys in Redis. */
export function homeNames(base: string, home: string): Home {
  const tag = `{${home}}`
  return {
    user: `${base}:u:${tag}`,
    index: `${base}:i:${tag}`,
    activity: `${base}:a:${tag}`,
    session: (id) => `${base}:s:${tag}:${id}`,
  }
}

/** Runs the scripts of sessions. */
export class SessionSteps {
  readonly #link: RedisLink

  constructor(link: RedisLink) {
    this.#link = link
  }

  /**
   * @param touchMs The validation counts as a use if the last one is this long ago; in the form that VALIDATE
   *   takes.
   */
  async validate(ref: Ref, touchMs: number): Promise<Looked> {
    const reply = await this.run('validate', VALIDATE, keysOf(ref), [
      ref.secretHash,
      ref.id,
      touchMs,
    ])
    return readLooked('validate', reply, ['ok'])
  }

  async create(ref: Ref, session: NewSession): Promise<Created> {
    const { writeId, state, absoluteMs, idleMs, payload } = session
    const { maxSessions, whenFull, ifEpoch, replaces } = session
    const reply = await this.run('create', CREATE, keysOf(ref), [
      ...[ref.id, writeId, state, ref.secretHash, absoluteMs, idleMs, payload],
      ...[maxSessions, whenFull, ifEpoch, replaces],
    ])
    return readCreated(reply)
  }

  async save(ref: Ref, change: Change): Promise<Looked<'saved' | 'conflict' | 'rotated'>> {
    const { from, writeId, state, payload, rotation } = change
    const reply = await this.run('save', SAVE, keysOf(ref), [
      ...[ref.secretHash, ref.id, from, writeId, state, payload],
      ...[rotation?.secretHash ?? '', rotation?.overlapMs ?? 0, rotation?.nonce ?? ''],
    ])
    return readLooked('save', reply, ['saved', 'conflict', 'rotated'])
  }

  /** @returns Whether it was valid. */
  async end(home: Home, id: string): Promise<boolean> {
    const reply = await this.run('end', END, [home.session(id), home.index], [id, REMEMBER_MS])
    if (reply !== 0 && reply !== 1) throw malformed('end')
    return reply === 1
  }

  /**
   * Ends all sessions of a user except the one to keep.
   *
   * @returns The ids of the ended sessions that were listed.
   */
  async revoke(
    home: Home,
    {
      nonce,
      lifeMs,
      keep,
    }: { readonly nonce: string; readonly lifeMs: number; readonly keep?: string },
  ): Promise<readonly string[] | Refused> {
    const keys = [home.user, home.index, ...(keep === undefined ? [] : [home.session(keep)])]
    const reply = await this.run('revoke', REVOKE, keys, [nonce, lifeMs, keep ?? ''])
    const [word, hardId, gone] = Array.isArray(reply) ? reply : []
    const refused = readRefused(word)
    if (refused !== undefined) return refused
    if (word !== 'ok' || typeof hardId !== 'string' || !isTexts(gone)) throw malformed('revoke')
    return gone
  }

  /** @throws {SessionUnavailableError} Naming `operation`. */
  run(
    operation: string,
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<Reply> {
    return available(operation, this.#link.run(script, keys, args))
  }

  /** Sends one read. @throws {SessionUnavailableError} Naming `operation`. */
  send(operation: string, name: string, ...args: readonly Argument[]): Promise<Reply> {
    return available(operation, this.#link.send([name, ...args]))
  }
}

/** @throws {SessionUnavailableError} Instead of any error that means that Redis could not be reached. */
export async function available(operation: string, reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (error) {
    const isOurs =
      error instanceof RemoteError ||
      error instanceof RemoteTimeoutError ||
      error instanceof CircuitOpenError ||
      error instanceof ClosedError
    throw isOurs ? new SessionUnavailableError(operation, 'unreachable', error) : error
  }
}

function keysOf({ home, id }: Ref): readonly string[] {
  return [home.session(id), home.user, home.index]
}
