import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../../src/errors.ts'
import { type AppOptions, createApps, parseApps } from '../../../../src/websocket/protocol/app.ts'
import { DEFAULT_LIMITS, type LimitOptions } from '../../../../src/websocket/protocol/limits.ts'
import { WEBHOOK_EVENTS } from '../../../../src/websocket/protocol/webhook-targets.ts'

const base: AppOptions = { id: '1', key: 'key-1', secret: 'a-secret-of-apps' }

function problemOf(build: () => unknown): string {
  try {
    build()
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.option
    throw error
  }
  return 'none'
}

describe('createApps', () => {
  test('completes an app that sets nothing', () => {
    expect(createApps([base]).all).toEqual([
      {
        ...base,
        name: '1',
        enabled: true,
        requireTls: false,
        clientEvents: 'off',
        subscriptionCounts: 'off',
        signInWithinMs: undefined,
        limits: DEFAULT_LIMITS,
        webhooks: [],
      },
    ])
  })

  test('takes the default of a limit that is undefined, as of every other setting', () => {
    const limits = { eventBytes: undefined, leaveGrace: undefined } as unknown as LimitOptions

    expect(createApps([{ ...base, limits }]).all[0]?.limits).toEqual(DEFAULT_LIMITS)
  })

  test('keeps what an app sets, with durations in milliseconds', () => {
    const [app] = createApps([
      {
        ...base,
        name: 'Shop',
        enabled: false,
        requireTls: true,
        clientEvents: 'members',
        subscriptionCounts: 'on',
        signInWithin: '30s',
        limits: { eventBytes: 100, leaveGrace: 0, cacheTtl: '1m' },
        webhooks: [
          { url: 'https://hooks.example/a' },
          {
            url: 'http://hooks.example/b',
            events: ['member_added'],
            channelPrefix: 'presence-',
            headers: { 'X-Token': 't' },
          },
        ],
      },
    ]).all

    expect(app).toMatchObject({
      name: 'Shop',
      enabled: false,
      requireTls: true,
      clientEvents: 'members',
      subscriptionCounts: 'on',
      signInWithinMs: 30_000,
      limits: { ...DEFAULT_LIMITS, eventBytes: 100, leaveGraceMs: 0, cacheTtlMs: 60_000 },
      webhooks: [
        { events: new Set(WEBHOOK_EVENTS), channelPrefix: '', headers: {} },
        {
          events: new Set(['member_added']),
          channelPrefix: 'presence-',
          headers: { 'x-token': 't' },
        },
      ],
    })
  })

  test('finds each of several apps by its id and its key', () => {
    const apps = createApps([base, { ...base, id: '2', key: 'key-2' }])

    expect(apps.byId('2')?.key).toBe('key-2')
    expect(apps.byKey('key-1')?.id).toBe('1')
    expect(apps.byId('key-1')).toBeUndefined()
    expect(apps.byKey('__proto__')).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['apps', []],
    ['apps', 'text'],
    ['apps', [base, { ...base, key: 'other' }]],
    ['apps', [base, { ...base, id: 'other' }]],
    ['apps[0]', [null]],
    ['apps[0].colour', [{ ...base, colour: 'red' }]],
    ['apps[1].id', [base, { ...base, id: 'a/b' }]],
    ['apps[0].key', [{ ...base, key: '' }]],
    ['apps[0].secret', [{ ...base, secret: 'short' }]],
    ['apps[0].name', [{ ...base, name: '' }]],
    ['apps[0].enabled', [{ ...base, enabled: 'yes' }]],
    ['apps[0].requireTls', [{ ...base, requireTls: 1 }]],
    ['apps[0].clientEvents', [{ ...base, clientEvents: 'all' }]],
    ['apps[0].subscriptionCounts', [{ ...base, subscriptionCounts: true }]],
    ['apps[0].signInWithin', [{ ...base, signInWithin: 10 }]],
    ['apps[0].limits', [{ ...base, limits: 'none' }]],
    ['apps[0].limits.constructor', [{ ...base, limits: { constructor: 1 } }]],
    ['apps[0].limits.eventBytes', [{ ...base, limits: { eventBytes: 0 } }]],
    ['apps[0].limits.eventBytes', [{ ...base, limits: { eventBytes: 1.5 } }]],
    ['apps[0].limits.leaveGrace', [{ ...base, limits: { leaveGrace: '1h' } }]],
    ['apps[0].webhooks', [{ ...base, webhooks: {} }]],
    ['apps[0].webhooks', [{ ...base, webhooks: [{ url: 'https://x' }, { url: 'https://x' }] }]],
    ['apps[0].webhooks[0]', [{ ...base, webhooks: [null] }]],
    ['apps[0].webhooks[0].to', [{ ...base, webhooks: [{ url: 'https://x', to: 1 }] }]],
    ['apps[0].webhooks[0].url', [{ ...base, webhooks: [{ url: 'ftp://x' }] }]],
    ['apps[0].webhooks[0].events', [{ ...base, webhooks: [{ url: 'https://x', events: ['x'] }] }]],
    [
      'apps[0].webhooks[0].channelPrefix',
      [{ ...base, webhooks: [{ url: 'https://x', channelPrefix: 1 }] }],
    ],
    [
      'apps[0].webhooks[0].headers',
      [{ ...base, webhooks: [{ url: 'https://x', headers: { 'a b': '' } }] }],
    ],
  ])('names %s when it cannot be used', (option, apps) => {
    expect(problemOf(() => createApps(apps as AppOptions[]))).toBe(option)
  })
})

describe('parseApps', () => {
  test('reads a JSON list', () => {
    expect(parseApps(JSON.stringify([base])).byId('1')?.secret).toBe(base.secret)
  })

  test('does not quote a text that is not JSON', () => {
    const parse = () => parseApps(`[{"secret":"${base.secret}"`)

    expect(parse).toThrow(InvalidOptionError)
    expect(parse).not.toThrow(base.secret)
  })
})
