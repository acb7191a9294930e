/**
 * Frames as a client sends and gets them.
 *
 * @module
 */

/** One frame from the server. */
export interface Frame {
  readonly event: string
  readonly channel: string | undefined
  /** Decoded, where it was JSON. */
  readonly data: unknown
  /** Who has sent it: of client events in a presence channel. */
  readonly userId: string | undefined
  readonly serial: number | undefined
  readonly epoch: string | undefined
}

/** What every server answers with a pong, and a hibernating one without being woken: to the byte. */
export const PING = '{"event":"pusher:ping","data":{}}'

/** Reads a frame. @returns `undefined` where it is none. */
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

/** The fields of a value; none where it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** The value of a text; one that is no JSON stands for itself. */
export function decode(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
