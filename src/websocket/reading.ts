/**
 * Converts the rows from Redis to the types of `presence.ts`. A payload that cannot be read counts as absent.
 *
 * @module
 */

import type { PresenceContext } from './assemble.ts'
import type { Connection, PresenceStatus, RoomMember, UserPresence } from './presence.ts'
import type { Fields, MemberRow, UserRow } from './steps.ts'

/** The valid statuses of a user. */
export const STATUSES: readonly PresenceStatus[] = ['online', 'away', 'busy', 'offline']

function statusNamed(name: unknown): PresenceStatus | undefined {
  return STATUSES.find((status) => status === name)
}

/** @returns `undefined` if the connection is not alive, or was written with unknown keys. */
export async function readConnection(
  { payloads }: PresenceContext,
  fields: Fields,
): Promise<Connection | undefined> {
  const text = (field: string): string => fields.get(field) ?? ''
  const about = await payloads.read(text('d'), ['connection', text('v')])
  const { id, data } = Object(about) as { readonly id?: unknown; readonly data?: unknown }
  if (typeof id !== 'string') return undefined
  const user = text('u')
  const rooms = [...fields].filter(([field]) => field.startsWith('r:'))
  const names = await Promise.all(
    rooms.map(([field, payload]) => payloads.read(payload, ['room', field.slice(2)])),
  )
  return {
    connectionId: id,
    userId: user === '' ? undefined : stringIn(await payloads.read(text('b'), ['user', user])),
    node: text('n'),
    data,
    rooms: names.filter((name) => typeof name === 'string'),
    connectedAt: Number(text('t')),
    lastActiveAt: Number(text('a')),
    expiresAt: Number(text('x')),
  }
}

/** The connections among the rows that {@link readConnection} can read. */
export async function readConnections(
  ctx: PresenceContext,
  rows: readonly Fields[],
): Promise<Connection[]> {
  const read = await Promise.all(rows.map((fields) => readConnection(ctx, fields)))
  return read.filter((connection) => connection !== undefined)
}

/** The presence of a user whose id is known, from the caller or from a room. */
export async function readUser(
  { payloads }: PresenceContext,
  user: string,
  userId: string,
  { connections, seen, status, data, since }: UserRow,
): Promise<UserPresence> {
  const said = statusNamed(status)
  const now = connections === 0 ? 'offline' : (said ?? 'online')
  return {
    userId,
    status: now,
    isOnline: now !== 'offline',
    connections,
    lastSeenAt: seen === '' ? undefined : Number(seen),
    statusSince: said === undefined ? undefined : Number(since),
    data: said === undefined ? undefined : await payloads.read(data, ['status', user]),
  }
}

/** @returns `undefined` if the user's id is lost, or was written with unknown keys. */
export async function readMember(
  ctx: PresenceContext,
  row: MemberRow,
): Promise<RoomMember | undefined> {
  const userId = stringIn(await ctx.payloads.read(row.about, ['user', row.user]))
  if (userId === undefined) return undefined
  const presence = await readUser(ctx, row.user, userId, row)
  return { ...presence, info: await ctx.payloads.read(row.info, ['info', row.user]) }
}

function stringIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
