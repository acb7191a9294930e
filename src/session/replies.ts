/**
 * Reads and checks the replies of the session scripts.
 *
 * @module
 */

import { type SessionRefusal, SessionUnavailableError } from '../errors.ts'
import type { Reply } from '../redis/requester.ts'

/** The fields of a session in Redis. All times are epoch milliseconds of the server. */
export interface SessionFields {
  readonly now: number
  readonly state: string
  readonly writeId: string
  readonly secretHash: string
  readonly absoluteAt: number
  readonly idleMs: number
  readonly usedAt: number
  readonly payload: string
  /** Of the latest rotation; `''` before the first. */
  readonly nonce: string
  readonly hardId: string
  readonly softId: string
  /** Encrypted. */
  readonly permissions: string | undefined
}

/** What Redis replies about a session: its fields, or why it is refused. */
export type Looked<Word extends string = 'ok'> =
  | { readonly word: Word; readonly fields: SessionFields }
  | { readonly word: Refused }

/** The refusals that Redis itself decides. */
export type Refused = Extract<SessionRefusal, 'absent' | 'revoked' | 'superseded' | 'expired'>

/** The result of creating a session, or why none was created. */
export type Created =
  | {
      readonly word: 'ok'
      readonly now: number
      readonly hardId: string
      readonly softId: string
      readonly permissions: string | undefined
      readonly gone: readonly string[]
    }
  | { readonly word: 'limit' | 'revoked' }

const REFUSED: readonly Refused[] = ['absent', 'revoked', 'superseded', 'expired']

/** The error for a reply that this library does not know. */
export function malformed(operation: string): SessionUnavailableError {
  return new SessionUnavailableError(operation, 'malformed reply')
}

/** Whether a reply is a list of texts. */
export function isTexts(reply: unknown): reply is readonly string[] {
  return Array.isArray(reply) && reply.every((text) => typeof text === 'string')
}

/** The refusal that a word stands for, if any. */
export function readRefused(word: unknown): Refused | undefined {
  return REFUSED.find((refused) => refused === word)
}

/** @throws {SessionUnavailableError} When the reply has none of the expected forms. */
export function readLooked<Word extends string>(
  operation: string,
  reply: Reply,
  words: readonly Word[],
): Looked<Word> {
  const [first, ...rest] = listOf(operation, reply)
  const refused = readRefused(first)
  if (refused !== undefined) return { word: refused }
  const word = words.find((one) => one === first)
  if (word === undefined) throw malformed(operation)
  return { word, fields: readFields(operation, rest) }
}

/** @throws {SessionUnavailableError} When the reply does not have the expected form. */
export function readCreated(reply: Reply): Created {
  const [word, now, hardId, softId, permissions, gone] = listOf('create', reply)
  if (word === 'limit' || word === 'revoked') return { word }
  if (word !== 'ok' || !isTexts(gone)) throw malformed('create')
  return {
    word,
    now: timeOf('create', now),
    hardId: textOf('create', hardId),
    softId: textOf('create', softId),
    permissions: optionalOf('create', permissions),
    gone,
  }
}

/** @throws {SessionUnavailableError} When a field is missing or has the wrong type. */
export function readFields(operation: string, reply: readonly unknown[]): SessionFields {
  const [now, state, writeId, secretHash, absolute, idle, used, payload, nonce, ...user] = reply
  const text = (value: unknown): string => textOf(operation, value)
  const time = (value: unknown): number => timeOf(operation, value)
  return {
    now: time(now),
    state: text(state),
    writeId: text(writeId),
    secretHash: text(secretHash),
    absoluteAt: time(absolute),
    idleMs: time(idle),
    usedAt: time(used),
    payload: text(payload),
    nonce: optionalOf(operation, nonce) ?? '',
    hardId: text(user[0]),
    softId: text(user[1]),
    permissions: optionalOf(operation, user[2]),
  }
}

function listOf(operation: string, reply: Reply): readonly unknown[] {
  if (!Array.isArray(reply)) throw malformed(operation)
  return reply
}

/** @throws {SessionUnavailableError} When the value is not a text. */
export function textOf(operation: string, value: unknown): string {
  if (typeof value !== 'string') throw malformed(operation)
  return value
}

function timeOf(operation: string, value: unknown): number {
  const text = textOf(operation, value)
  if (!/^(?:0|[1-9]\d{0,14})$/.test(text)) throw malformed(operation)
  return Number(text)
}

/** @throws {SessionUnavailableError} When the value is neither a text nor nil. */
export function optionalOf(operation: string, value: unknown): string | undefined {
  if (value === null) return undefined
  return textOf(operation, value)
}
