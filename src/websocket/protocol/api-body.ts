/**
 * Reads and checks request bodies of the HTTP API.
 *
 * @module
 */

import { readBounded } from '../../entry/bounded-bytes.ts'
import { decodeUtf8, isLongerThan } from '../../entry/bytes.ts'
import { type Fields, isObject, parseObject } from '../../entry/json-object.ts'
import { ApiRefusal } from './api-refusal.ts'
import { readChannel } from './channel.ts'
import type { AppLimits } from './limits.ts'
import type { ChannelAttribute, Publication } from './ports.ts'
import { SOCKET_ID } from './signature.ts'

/** Prefixes of events that only the server sends. */
const RESERVED = ['pusher:', 'pusher_internal:', 'nearcache:'] as const
/** Attributes that may be requested of the channels of an event. */
const ATTRIBUTES: readonly string[] = ['user_count', 'subscription_count']
/** Allowance for everything in a body except data and channels, in bytes. */
const OVERHEAD_BYTES = 65_536

/**
 * Reads a whole body.
 *
 * @throws {ApiRefusal} 413 when the body is longer than any valid body, 400 when it is not UTF-8.
 */
export async function readText(request: Request, limits: AppLimits): Promise<string> {
  const bytes = await readBounded(request, maxBodyBytes(limits))
  if (!bytes) throw new ApiRefusal(413, 'The body is too large')
  try {
    return decodeUtf8(bytes)
  } catch {
    // Not UTF-8, so not JSON.
    throw new ApiRefusal(400, 'The body must be UTF-8')
  }
}

/**
 * The length of the longest valid body, in bytes: a batch of the longest events, where JSON escapes a byte in
 * up to six.
 */
function maxBodyBytes(limits: AppLimits): number {
  const { eventBytes, eventsPerBatch, channelsPerTrigger, channelNameChars } = limits
  return eventBytes * eventsPerBatch * 6 + channelsPerTrigger * channelNameChars + OVERHEAD_BYTES
}

/** Reads the body of `POST /events`. */
export function readPublication(body: string, limits: AppLimits): Publication {
  const fields = fieldsOf(body)
  return publicationOf(fields, channelsOf(fields, limits), limits)
}

/** Reads the body of `POST /batch_events`. */
export function readBatch(body: string, limits: AppLimits): readonly Publication[] {
  const { batch } = fieldsOf(body)
  if (!Array.isArray(batch) || batch.length === 0) {
    throw new ApiRefusal(400, 'batch must be a list of at least one event', 'batch')
  }
  if (batch.length > limits.eventsPerBatch) {
    throw new ApiRefusal(400, `batch must have at most ${limits.eventsPerBatch} events`, 'batch')
  }
  return batch.map((event: unknown) => {
    if (!isObject(event)) throw new ApiRefusal(400, 'Every event must be an object', 'batch')
    return publicationOf(event, [channelNameOf(event['channel'], limits)], limits)
  })
}

/**
 * Reads a list of attributes such as `user_count,cache`.
 *
 * @throws {ApiRefusal} 400 when one of them is not in `allowed`.
 */
export function readInfo(
  info: unknown,
  allowed: readonly string[] = ATTRIBUTES,
): readonly ChannelAttribute[] {
  if (info === undefined || info === null || info === '') return []
  if (typeof info !== 'string') throw new ApiRefusal(400, 'info must be a text', 'info')
  const attributes = [...new Set(info.split(',').map((name) => name.trim()))]
  if (attributes.every((name) => allowed.includes(name))) return attributes as ChannelAttribute[]
  throw new ApiRefusal(400, `info must be of ${allowed.join(', ')} here`, 'info')
}

function publicationOf(
  { name, data, socket_id, info }: Fields,
  channels: readonly string[],
  limits: AppLimits,
): Publication {
  const event = eventNameOf(name, limits)
  if (typeof data !== 'string') throw new ApiRefusal(400, 'data must be a text', 'data')
  if (isLongerThan(data, limits.eventBytes)) {
    throw new ApiRefusal(413, `data must have at most ${limits.eventBytes} bytes`, 'data')
  }
  return { event, data, channels, except: socketIdOf(socket_id), info: readInfo(info) }
}

function eventNameOf(name: unknown, { eventNameChars }: AppLimits): string {
  if (typeof name !== 'string' || name === '' || name.length > eventNameChars) {
    throw new ApiRefusal(400, `name must be a text of 1 to ${eventNameChars} characters`, 'name')
  }
  if (RESERVED.some((prefix) => name.startsWith(prefix))) {
    throw new ApiRefusal(400, `name must not begin with ${RESERVED.join(', ')}`, 'name')
  }
  return name
}

function channelsOf({ channels, channel }: Fields, limits: AppLimits): readonly string[] {
  if (channels === undefined || channels === null) return [channelNameOf(channel, limits)]
  if (!Array.isArray(channels) || channels.length === 0) {
    throw new ApiRefusal(400, 'channels must be a list of at least one channel', 'channels')
  }
  if (channels.length > limits.channelsPerTrigger) {
    const requirement = `channels must name at most ${limits.channelsPerTrigger} channels`
    throw new ApiRefusal(400, requirement, 'channels')
  }
  return [...new Set(channels.map((name) => channelNameOf(name, limits)))]
}

function channelNameOf(name: unknown, { channelNameChars }: AppLimits): string {
  const channel = readChannel(name, channelNameChars)
  if (channel !== undefined) return channel.name
  throw new ApiRefusal(400, "A channel's name is missing, too long, or has a character too many")
}

function socketIdOf(socketId: unknown): string | undefined {
  if (socketId === undefined || socketId === null) return undefined
  if (typeof socketId === 'string' && SOCKET_ID.test(socketId)) return socketId
  throw new ApiRefusal(400, 'socket_id must be the id of a connection', 'socket_id')
}

function fieldsOf(body: string): Fields {
  const fields = parseObject(body)
  if (fields) return fields
  throw new ApiRefusal(400, 'The body must be a JSON object')
}
