/**
 * Reads the frames that a client gets.
 *
 * @module
 */

/** One frame from the server. */
export interface Frame {
  readonly event: string
  readonly channel: string | undefined
  /** Decoded, if it was JSON. */
  readonly data: unknown
  /** The sender of a client event; on presence channels only. */
  readonly userId: string | undefined
  readonly serial: number | undefined
  readonly epoch: string | undefined
}

/**
 * Every server answers this with a pong. A hibernating server does so without waking, if the text is exactly
 * this.
 */
export const PING = '{"event":"pusher:ping","data":{}}'

/** Reads a frame. @returns `undefined` if the text is not a frame. */
export function readFrame(text: unknown): Frame | undefined {
  if (typeof text !== 'string') return undefined
  const frame = decode(text)
  if (!isRecord(frame) || typeof frame['event'] !== 'string') return undefined
  const { event, channel, data, user_id, serial, epoch } = frame as Record<string, unknown>
  return {
    event: event as string,
    channel: typeof channel === 'string' ? channel : undefined,
    data: typeof data === 'string' ? decode(data) : data,
    userId: typeof user_id === 'string' ? user_id : undefined,
    serial: typeof serial === 'number' ? serial : undefined,
    epoch: typeof epoch === 'string' ? epoch : undefined,
  }
}

/** The fields of a value; none if it is not an object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

/** The users of a watchlist who came online or went offline. */
export function watchlistIn(events: unknown): Readonly<Record<'online' | 'offline', string[]>> {
  const idsOf = (kind: string): string[] =>
    (Array.isArray(events) ? events : [])
      .map(fieldsOf)
      .filter(({ name }) => name === kind)
      .flatMap(({ user_ids }) => (Array.isArray(user_ids) ? (user_ids as string[]) : []))
  return { online: idsOf('online'), offline: idsOf('offline') }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** The value of a JSON text. A text that is not JSON is returned unchanged. */
export function decode(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
