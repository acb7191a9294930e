/**
 * Checks what callers pass about connections, users and rooms, and turns it into script arguments: names in
 * Redis, and payloads from which the original values can be read back.
 *
 * @module
 */

import { checkFields, namePart } from '../entry/option-checks.ts'
import { InvalidOptionError, PresenceRefusedError } from '../errors.ts'
import type { PresenceContext } from './assemble.ts'
import type { ConnectionOptions, JoinOptions, RoomEntry } from './presence.ts'
import type { PresenceSteps, UserArguments } from './steps.ts'

const NOBODY: UserArguments = { user: '', about: '' }

/** The arguments for a user; empty texts without one. */
export async function userArguments(
  { names, payloads }: PresenceContext,
  userId: string | undefined,
): Promise<UserArguments> {
  if (userId === undefined) return NOBODY
  const user = names.name('user', userId)
  return { user, about: await payloads.write(userId, ['user', user]) }
}

type OpenArguments = Parameters<PresenceSteps['open']>
type JoinArguments = Parameters<PresenceSteps['join']>

/** The arguments for opening a connection: its user, and its node, payload and rooms. */
export async function openArguments(
  ctx: PresenceContext,
  connectionId: string,
  writeId: string,
  options: ConnectionOptions,
): Promise<[OpenArguments[2], OpenArguments[3]]> {
  checkFields(options, 'options', ['userId', 'data', 'rooms', 'node'])
  const { userId, data, rooms = [], node = ctx.policy.node } = options
  if (!Array.isArray(rooms)) throw new InvalidOptionError('rooms', 'a list of rooms')
  if (rooms.length > ctx.policy.maxRoomsPerConnection) throw new PresenceRefusedError('rooms')
  const user = await userArguments(ctx, userId)
  if (user === NOBODY && rooms.some((room) => room?.info !== undefined)) {
    throw withoutUser()
  }
  const entries = await Promise.all(rooms.map((room) => roomArguments(ctx, room, user.user)))
  const place = ['connection', writeId] as const
  const payload = await ctx.payloads.write({ id: connectionId, data }, place)
  return [user, { node: namePart(node, 'node'), payload, rooms: entries.flat() }]
}

/** The arguments for adding a connection to a room: the room, and the user in it. */
export async function joinArguments(
  ctx: PresenceContext,
  room: string,
  options: JoinOptions,
): Promise<[JoinArguments[1], JoinArguments[2]]> {
  checkFields(options, 'options', ['userId', 'info'])
  const user = await userArguments(ctx, options.userId)
  if (options.info !== undefined && user === NOBODY) throw withoutUser()
  const entry = { room, ...(options.info !== undefined && { info: options.info }) }
  const [name, about, info] = await roomArguments(ctx, entry, user.user)
  return [[name, about], { ...user, info }]
}

function withoutUser(): InvalidOptionError {
  return new InvalidOptionError('userId', 'given with info: it is the user who is spoken of')
}

/** The name and payload of a room, and the payload of the user's info in it. */
async function roomArguments(
  { names, payloads }: PresenceContext,
  entry: string | RoomEntry,
  user: string,
): Promise<[name: string, about: string, info: string]> {
  const { room, info } = typeof entry === 'string' ? { room: entry, info: undefined } : entry
  const name = names.name('room', room)
  const about = await payloads.write(room, ['room', name])
  const isSaid = info !== undefined && user !== ''
  return [name, about, isSaid ? await payloads.write(info, ['info', user]) : '']
}
