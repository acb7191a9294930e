/**
 * The operations of presence on Redis: each is one command, and its reply is checked before it is used.
 *
 * @module
 */

import { PresenceRefusedError } from '../errors.ts'
import { malformed } from '../redis/answer.ts'
import type { RedisLink } from '../redis/link.ts'
import type { Argument, Reply } from '../redis/requester.ts'
import * as scripts from '../redis/scripts/presence.ts'
import * as reads from '../redis/scripts/presence-reads.ts'
import type { Script } from '../redis/scripts/script.ts'
import type { PresencePolicy } from './options.ts'

/** The fields of a connection, as stored in Redis. */
export type Fields = ReadonlyMap<string, string>

/** A user, as stored in Redis; `''` for a missing field. */
export interface UserRow {
  readonly connections: number
  /** Payload of the user. */
  readonly about: string
  readonly seen: string
  readonly status: string
  /** Payload of the status. */
  readonly data: string
  readonly since: string
}

/** A user in a room, as stored in Redis. */
export interface MemberRow extends UserRow {
  /** The user's name in Redis. */
  readonly user: string
  /** The payload of the info that was given when the user joined. */
  readonly info: string
}

/** The users of a room, as stored in Redis. */
export interface RoomRow {
  readonly connections: number
  readonly users: number
  readonly members: readonly MemberRow[]
}

/** A user as passed to the scripts; `''` for none. */
export interface UserArguments {
  readonly user: string
  readonly about: string
}

const REFUSALS = ['connections', 'rooms', 'members', 'user'] as const
/** How long the record of a closed connection is kept: longer than any request can be delayed. */
const REMEMBER_CLOSED_MS = 600_000

/** Runs the scripts of presence in one namespace. */
export class PresenceSteps {
  readonly #link: RedisLink
  readonly #home: string
  readonly #policy: PresencePolicy

  constructor(link: RedisLink, home: string, policy: PresencePolicy) {
    this.#link = link
    this.#home = home
    this.#policy = policy
  }

  /** @returns Whether the connection is open: not if it was closed before a late copy of this call arrived. */
  async open(
    connection: string,
    writeId: string,
    { user, about }: UserArguments,
    { node, payload, rooms }: { node: string; payload: string; rooms: readonly string[] },
  ): Promise<boolean> {
    const { leaseMs, rememberMs, maxConnectionsPerUser, maxConnectionsPerRoom } = this.#policy
    const args = [connection, writeId, user, about, node, leaseMs, payload]
    const bounds = [rememberMs, maxConnectionsPerUser, maxConnectionsPerRoom]
    const reply = await this.#run(scripts.WS_OPEN, ...args, ...bounds, ...rooms)
    return answerOf('open', reply, [0, 1]) === 1
  }

  /** @returns Whether each connection is alive. */
  async active(connections: readonly string[]): Promise<readonly boolean[]> {
    const { leaseMs, rememberMs } = this.#policy
    const reply = await this.#run(scripts.WS_ACTIVE, leaseMs, rememberMs, ...connections)
    const answers = listOf('active', reply, connections.length)
    return answers.map((answer) => answerOf('active', answer, [0, 1]) === 1)
  }

  /** @returns How many of them were alive. */
  async close(connections: readonly string[]): Promise<number> {
    const { rememberMs } = this.#policy
    const reply = this.#run(scripts.WS_CLOSE, REMEMBER_CLOSED_MS, rememberMs, ...connections)
    return countOf('close', await reply)
  }

  /** Closes some connections of a node. @returns How many were closed. */
  async drain(node: string, most: number): Promise<number> {
    const { rememberMs } = this.#policy
    const reply = this.#run(scripts.WS_DRAIN, REMEMBER_CLOSED_MS, rememberMs, node, most)
    return countOf('drain', await reply)
  }

  /** @returns Whether the connection is alive, and so in the room now. */
  async join(
    connection: string,
    [room, aboutRoom]: readonly [string, string],
    { user, about, info }: UserArguments & { readonly info: string },
  ): Promise<boolean> {
    const policy = this.#policy
    const { rememberMs, maxConnectionsPerUser, maxRoomsPerConnection } = policy
    const args = [connection, room, aboutRoom, user, about, info, rememberMs]
    const bounds = [maxConnectionsPerUser, maxRoomsPerConnection, policy.maxConnectionsPerRoom]
    const reply = await this.#run(scripts.WS_JOIN, ...args, ...bounds)
    return answerOf('join', reply, [0, 1, 2]) > 0
  }

  /** @returns Whether the connection was in the room. */
  async leave(connection: string, room: string): Promise<boolean> {
    const reply = await this.#run(scripts.WS_LEAVE, connection, room)
    return answerOf('leave', reply, [0, 1]) === 1
  }

  /** The fields of each connection; empty for one that is not alive. */
  async connections(connections: readonly string[]): Promise<readonly Fields[]> {
    const reply = await this.#run(reads.WS_CONNECTIONS, ...connections)
    return listOf('connections', reply, connections.length).map((row) => fieldsOf(row))
  }

  /** @param kind `u` for the connections of a user, `m` for those in a room. */
  async list(
    kind: 'u' | 'm',
    name: string,
    most: number,
  ): Promise<{ readonly count: number; readonly rows: readonly Fields[] }> {
    const [count, rows] = listOf('list', await this.#run(reads.WS_LIST, kind, name, most), 2)
    const fields = listOf('list', rows).map((row) => fieldsOf(row))
    // Redis has evicted the key of such a connection: there is no connection to report.
    return { count: countOf('list', count), rows: fields.filter((row) => row.size > 0) }
  }

  async users(users: readonly string[]): Promise<readonly UserRow[]> {
    const reply = await this.#run(reads.WS_USERS, ...users)
    return listOf('users', reply, users.length).map(userRowOf)
  }

  async room(room: string, most: number): Promise<RoomRow> {
    const [connections, users, rows] = listOf('room', await this.#run(reads.WS_ROOM, room, most), 3)
    const members = listOf('room', rows).map((row): MemberRow => {
      const [user, userRow, info] = listOf('room', row, 3)
      return { user: textOf('room', user), ...userRowOf(userRow), info: textOf('room', info) }
    })
    return { connections: countOf('room', connections), users: countOf('room', users), members }
  }

  /** The number of live connections of each node. */
  async nodes(): Promise<ReadonlyMap<string, number>> {
    const reply = listOf('nodes', await this.#run(reads.WS_NODES))
    const pairs = Array.from({ length: reply.length / 2 }, (_, i) => reply.slice(2 * i, 2 * i + 2))
    return new Map(
      pairs.map(([node, count]) => [textOf('nodes', node), countOf('nodes', count ?? null)]),
    )
  }

  /** @param holdsMs How long the status holds; 0 for as long as the user is remembered. */
  async status(
    { user, about }: UserArguments,
    [status, data, holdsMs]: readonly [string, string, number],
  ): Promise<UserRow> {
    const { rememberMs } = this.#policy
    const reply = this.#run(reads.WS_STATUS, user, about, status, data, holdsMs, rememberMs)
    return userRowOf(await reply)
  }

  /**
   * @returns Whether this event is the last one now: not if one with the same or a later serial of its epoch
   * was stored before.
   */
  async event(
    channel: string,
    payload: string,
    { epoch, serial, ttlMs }: { epoch: string; serial: number; ttlMs: number },
  ): Promise<boolean> {
    const reply = await this.#run(reads.WS_EVENT, channel, payload, epoch, serial, ttlMs)
    return answerOf('event', reply, [0, 1]) === 1
  }

  /** The payload of a channel's last event. */
  async lastEvent(key: string): Promise<string | undefined> {
    const reply = await this.#link.send(['HGET', key, 'd'])
    return reply === null ? undefined : textOf('last event', reply)
  }

  /** @returns Whether there was a last event. */
  async forgetEvent(key: string): Promise<boolean> {
    return answerOf('forget event', await this.#link.send(['DEL', key]), [0, 1]) === 1
  }

  #run(script: Script, ...args: readonly Argument[]): Promise<Reply> {
    return this.#link.run(script, [this.#home], args)
  }
}

/** @throws {PresenceRefusedError} When the reply is the name of a refusal. */
function answerOf(operation: string, reply: Reply, known: readonly number[]): number {
  const reason = REFUSALS.find((word) => word === reply)
  if (reason !== undefined) throw new PresenceRefusedError(reason)
  const answer = known.find((number) => number === reply)
  if (answer === undefined) throw malformed(operation)
  return answer
}

function countOf(operation: string, reply: Reply | undefined): number {
  if (Number.isSafeInteger(reply) && Number(reply) >= 0) return Number(reply)
  throw malformed(operation)
}

function textOf(operation: string, reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply
  throw malformed(operation)
}

function listOf(operation: string, reply: Reply | undefined, length?: number): readonly Reply[] {
  const list = Array.isArray(reply) ? (reply as readonly Reply[]) : undefined
  if (list === undefined || (length !== undefined && list.length !== length)) {
    throw malformed(operation)
  }
  return list
}

function fieldsOf(reply: Reply): Fields {
  const list = listOf('fields', reply)
  const pairs = Array.from({ length: list.length >> 1 }, (_, i) => list.slice(2 * i, 2 * i + 2))
  return new Map(pairs.map(([field, text]) => [textOf('fields', field), textOf('fields', text)]))
}

function userRowOf(reply: Reply | undefined): UserRow {
  const [connections, ...fields] = listOf('user', reply, 6)
  const [about = '', seen = '', status = '', data = '', since = ''] = fields.map((field) =>
    textOf('user', field),
  )
  return { connections: countOf('user', connections), about, seen, status, data, since }
}
