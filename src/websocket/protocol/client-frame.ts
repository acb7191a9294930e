/**
 * Reads the frames that clients send: each is one JSON object, `{ event, channel?, data? }`.
 *
 * @module
 */

import { type Fields, isObject, parseObject } from '../../entry/json-object.ts'
import { EXTENSION_EVENTS, type Resume } from '../extensions.ts'
import type { AppLimits } from './limits.ts'
import { maxUserDataBytes } from './user.ts'

/** A frame of a client, of which only the form has been checked; other modules decide whether it is allowed. */
export type ClientFrame =
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'subscribe'
      readonly channel: string
      readonly auth: string | undefined
      /** The text that was signed. */
      readonly channelData: string | undefined
      /** Extension: the last position that the client has seen; it wants the events since then. */
      readonly resume: Resume | undefined
    }
  | { readonly kind: 'unsubscribe'; readonly channel: string }
  | { readonly kind: 'signIn'; readonly auth: string; readonly userData: string }
  | {
      readonly kind: 'clientEvent'
      readonly event: string
      readonly channel: string
      /** As sent: a text, or any other JSON value. */
      readonly data: unknown
    }
  /** Extension: new user information on a presence channel, signed like a subscription. */
  | {
      readonly kind: 'presenceUpdate'
      readonly channel: string
      readonly auth: string
      readonly channelData: string
    }

/** Why a frame was refused. The connection stays open. */
export interface FrameRefusal {
  readonly kind: 'refused'
  /** For the client's developer; contains nothing from the frame. */
  readonly message: string
  /** One of {@link ERROR_CODES}, if there is one for it. */
  readonly code?: number
}

type Reader = (fields: Fields, limits: AppLimits) => ClientFrame | FrameRefusal

/** Allowance for everything in a frame except the data of an event or user: names, a signature, escapes. */
const OVERHEAD_BYTES = 4_096

const READERS: Readonly<Record<string, Reader>> = {
  'pusher:ping': () => ({ kind: 'ping' }),
  'pusher:pong': () => ({ kind: 'pong' }),
  'pusher:subscribe': readSubscribe,
  'pusher:unsubscribe': readUnsubscribe,
  'pusher:signin': readSignIn,
  [EXTENSION_EVENTS.presenceUpdate]: readPresenceUpdate,
}

/**
 * Reads one frame.
 *
 * @param frame A text, or the bytes of a binary frame, which the protocol does not allow.
 */
export function readClientFrame(
  frame: string | ArrayBuffer,
  limits: AppLimits,
): ClientFrame | FrameRefusal {
  if (typeof frame !== 'string') return refused('Binary frames are not supported')
  if (frame.length > maxFrameChars(limits)) return refused('The frame is too large')
  const fields = parseObject(frame)
  if (fields === undefined) return refused('The frame is no JSON object')
  const { event } = fields
  if (typeof event !== 'string' || event === '') return refused('The frame has no event')
  if (event.length > limits.eventNameChars) return refused("The event's name is too long")
  if (event.startsWith('client-')) return readClientEvent(event, fields)
  const read = Object.hasOwn(READERS, event) ? READERS[event] : undefined
  return read?.(fields, limits) ?? refused('The event is none that a client may send')
}

/** The longest frame that is parsed, in UTF-16 units; JSON escapes a unit in up to six. */
export function maxFrameChars(limits: AppLimits): number {
  return Math.max(limits.eventBytes, maxUserDataBytes(limits)) * 6 + OVERHEAD_BYTES
}

function readSubscribe(fields: Fields): ClientFrame | FrameRefusal {
  const { channel, auth, channel_data, resume } = dataOf(fields)
  if (typeof channel !== 'string') return refused('The subscription has no channel')
  if (!isOptionalText(auth)) return refused('The signature of the subscription is no text')
  if (!isOptionalText(channel_data)) return refused('The channel_data is no text')
  const position = resume === undefined ? undefined : readResume(resume)
  if (resume !== undefined && position === undefined) return refused('The position is none')
  return {
    kind: 'subscribe',
    channel,
    auth: auth ?? undefined,
    channelData: channel_data ?? undefined,
    resume: position,
  }
}

function readUnsubscribe(fields: Fields): ClientFrame | FrameRefusal {
  const { channel } = dataOf(fields)
  if (typeof channel !== 'string') return refused('The unsubscription has no channel')
  return { kind: 'unsubscribe', channel }
}

function readSignIn(fields: Fields): ClientFrame | FrameRefusal {
  const { auth, user_data } = dataOf(fields)
  if (typeof auth !== 'string') return refused('The sign-in has no signature')
  if (typeof user_data !== 'string') return refused('The sign-in has no user_data')
  return { kind: 'signIn', auth, userData: user_data }
}

function readClientEvent(event: string, { channel, data }: Fields): ClientFrame | FrameRefusal {
  if (typeof channel !== 'string') return refused('The client event has no channel')
  return { kind: 'clientEvent', event, channel, data }
}

function readPresenceUpdate(fields: Fields): ClientFrame | FrameRefusal {
  const { channel, auth, channel_data } = dataOf(fields)
  if (typeof channel !== 'string') return refused('The update has no channel')
  if (typeof auth !== 'string') return refused('The update has no signature')
  if (typeof channel_data !== 'string') return refused('The update has no channel_data')
  return { kind: 'presenceUpdate', channel, auth, channelData: channel_data }
}

/** The data of one of the protocol's own frames: an object, or its JSON text. */
function dataOf({ data }: Fields): Fields {
  if (typeof data === 'string') return parseObject(data) ?? {}
  return isObject(data) ? data : {}
}

function readResume(value: unknown): Resume | undefined {
  if (!isObject(value)) return undefined
  const { epoch, serial, socket_id } = value
  if (typeof epoch !== 'string' || !Number.isSafeInteger(serial) || Number(serial) < 0) {
    return undefined
  }
  const position = { epoch, serial: Number(serial) }
  return typeof socket_id === 'string' ? { ...position, socket_id } : position
}

function isOptionalText(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string'
}

function refused(message: string): FrameRefusal {
  return { kind: 'refused', message }
}
