/**
 * Makes what users see of what Redis has. What cannot be read is as if it were absent.
 *
 * @module
 */

import type { PresenceContext } from './assemble.ts'
import type { Connection, PresenceStatus, RoomMember, UserPresence } from './presence.ts'
import type { Fields, MemberRow, UserRow } from './steps.ts'

/** How a user may appear. */
export const STATUSES: readonly PresenceStatus[] = ['online', 'away', 'busy', 'offline']

function statusNamed(name: unknown): PresenceStatus | undefined {
  return STATUSES.find((status) => status === name)
}

/** @returns `undefined` where it is not alive, or was written with keys that are not known here. */
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

/** Those of them that {@link readConnection} finds. */
export async function readConnections(
  ctx: PresenceContext,
  rows: readonly Fields[],
): Promise<Connection[]> {
  const read = await Promise.all(rows.map((fields) => readConnection(ctx, fields)))
  return read.filter((connection) => connection !== undefined)
}

/** A user who was named by the caller, or is in a room by that name. */
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

/** @returns `undefined` where the user's id is lost, or was written with keys that are not known here. */
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
