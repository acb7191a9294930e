/**
 * Frames and bodies that no client of the protocol would send, and some that are almost valid.
 *
 * @module
 */

import fc from 'fast-check'

const EVENTS = [
  'pusher:ping',
  'pusher:pong',
  'pusher:subscribe',
  'pusher:unsubscribe',
  'pusher:signin',
  'client-move',
  'nearcache:presence_update',
  'pusher_internal:subscription_succeeded',
  '__proto__',
]
const CHANNELS = [
  'news',
  'private-x',
  'presence-x',
  'private-cache-x',
  'private-encrypted-x',
  '#server-to-user-u',
  'a b',
  '',
]

/** Any JSON, or a text of the protocol. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom(...EVENTS, ...CHANNELS) },
  { weight: 1, arbitrary: fc.constantFrom('{}', '{"user_id":1}', '{"id":"u"}', '[', '1.1', null) },
)

/** Objects whose members have the protocol's names, and anything as their values. */
export function objectOf(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const members = Object.fromEntries(names.map((name) => [name, value]))
  return fc.record(members, { requiredKeys: [] })
}

const data = objectOf(['channel', 'auth', 'channel_data', 'user_data', 'resume', 'epoch', 'serial'])

const channel = fc.constantFrom(...CHANNELS)
const text = fc.constantFrom('', 'key:00', '{}', '{"user_id":1}', '{"id":"u"}')

/** Frames of the right form, whose signatures are wrong. */
const unsigned = fc.oneof(
  fc.record({
    event: fc.constant('pusher:subscribe'),
    data: fc.record({ channel, auth: text, channel_data: text }, { requiredKeys: ['channel'] }),
  }),
  fc.record({ event: fc.constant('pusher:unsubscribe'), data: fc.record({ channel }) }),
  fc.record({
    event: fc.constant('pusher:signin'),
    data: fc.record({ auth: text, user_data: text }),
  }),
  fc.record({ event: fc.constant('client-move'), channel, data: value }),
)

/** Frames with the members of valid ones, and any values. */
const distorted = fc.record(
  {
    event: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...EVENTS) },
      { weight: 1, arbitrary: value },
    ),
    channel: fc.oneof(channel, value),
    data: fc.oneof(
      data,
      data.map((fields) => JSON.stringify(fields)),
      value,
    ),
  },
  { requiredKeys: [] },
)

/** Frames: some valid, some distorted, and any text. */
export const foreignFrame: fc.Arbitrary<string> = fc.oneof(
  unsigned.map((frame) => JSON.stringify(frame)),
  distorted.map((frame) => JSON.stringify(frame)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('{'.repeat(3_000), '['.repeat(3_000), '"\\ud800"', '\0', ' '),
)

/** Bodies of the HTTP API: objects with its members, and any text. */
export const foreignBody: fc.Arbitrary<string> = fc.oneof(
  objectOf(['name', 'data', 'channels', 'channel', 'socket_id', 'info', 'batch']).map((body) =>
    JSON.stringify(body),
  ),
  fc
    .array(objectOf(['name', 'data', 'channel', 'socket_id', 'info']), { maxLength: 12 })
    .map((batch) => JSON.stringify({ batch })),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

const known = fc.constantFrom(
  '/events',
  '/events',
  '/batch_events',
  '/channels',
  '/channels/news',
  '/channels/presence-x',
)
const unknown = fc
  .tuple(
    fc.constantFrom('channels', 'users', 'events', '..', ''),
    fc.oneof(fc.constantFrom(...CHANNELS), fc.string({ unit: 'binary' })),
    fc.constantFrom('', '/users', '/terminate_connections', '/%', '//'),
  )
  .map(([first, name, last]) => `/${first}/${encodeURIComponent(name.toWellFormed())}${last}`)

/** Paths below `/apps/{id}`. */
export const foreignPath: fc.Arbitrary<string> = fc.oneof(known, known, unknown)
