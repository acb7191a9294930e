import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import worker from '../../workers/index.ts'
import { call, callAdmin, emptyMailbox } from './mailbox.ts'

interface Delivery {
  readonly refusals: string[]
  readonly error: unknown
}

/** Delivers a message as Email Routing does. */
async function deliver(lines: readonly string[], from = 'ada@shop.example'): Promise<Delivery> {
  const bytes = new TextEncoder().encode(lines.join('\r\n'))
  const refusals: string[] = []
  const message = {
    from,
    to: 'team@ours.example',
    raw: new Blob([bytes]).stream(),
    rawSize: bytes.length,
    headers: new Headers(),
    setReject: (reason: string) => refusals.push(reason),
  }
  const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }
  const error = await Promise.resolve(
    worker.email?.(message as never, env as never, ctx as never),
  ).catch((reason: unknown) => reason)
  return { refusals, error }
}

const MESSAGE = [
  'From: Ada <ada@shop.example>',
  'To: Team <team@ours.example>',
  'Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?=',
  'Message-ID: <one@shop.example>',
  'Date: Sat, 31 Jan 2026 09:30:00 +0000',
  '',
  'The boxes are too small.',
]

async function list(parameters: string) {
  const { emails } = await (await call(`/emails?${parameters}`)).json<{ emails: object[] }>()
  return emails
}

describe('mail that arrives', () => {
  beforeEach(emptyMailbox)

  test('appears in lists that were read before', async () => {
    expect(await list('statuses=new')).toEqual([])

    expect(await deliver(MESSAGE)).toEqual({ refusals: [], error: undefined })

    expect(await list('statuses=new')).toMatchObject([
      { subject: 'Größe', senderEmail: 'ada@shop.example', bodyText: 'The boxes are too small.\n' },
    ])
    expect(await list('recipients=team@ours.example&search=boxes')).toHaveLength(1)
  })

  test('is stored once, however often it is delivered', async () => {
    await deliver(['Received: by mx1; Sat, 31 Jan 2026 09:30:01 +0000', ...MESSAGE])
    const again = await deliver(['Received: by mx2; Sat, 31 Jan 2026 09:31:01 +0000', ...MESSAGE])

    expect(again).toEqual({ refusals: [], error: undefined })
    expect(await list('')).toHaveLength(1)
  })

  test('is stored even if it has the Message-ID of another message', async () => {
    await deliver(MESSAGE)
    await deliver([...MESSAGE.slice(0, -1), 'Something else entirely.'])

    expect(await list('search=boxes')).toHaveLength(1)
    expect(await list('search=entirely')).toMatchObject([{ messageId: null }])
  })

  test('that cannot be read is kept with the reason, and its sender is told', async () => {
    await env.DB.prepare('DELETE FROM rejected_messages').run()
    const bad = ['no header field', '', 'secret']

    expect(await deliver(bad)).toEqual({
      refusals: ['The message was refused: it does not begin with a header field'],
      error: undefined,
    })
    await deliver(bad)

    const rejected = await (await callAdmin('/rejected')).json<{ messages: object[] }>()
    expect(rejected.messages).toMatchObject([
      {
        reason: 'it does not begin with a header field',
        envelopeFrom: 'ada@shop.example',
        envelopeTo: 'team@ours.example',
        rawStart: bad.join('\r\n'),
      },
    ])
    expect(await list('')).toEqual([])
    expect((await callAdmin('/rejected?limit=0')).status).toBe(400)
    expect((await call('/admin/rejected')).status).toBe(401)
  })

  test('is neither stored nor accepted while the database is down', async () => {
    await env.DB.prepare('ALTER TABLE emails RENAME TO emails_away').run()
    try {
      expect((await deliver(MESSAGE)).error).toBeInstanceOf(Error)
    } finally {
      await env.DB.prepare('ALTER TABLE emails_away RENAME TO emails').run()
    }

    expect(await list('')).toEqual([])
    await deliver(MESSAGE)
    expect(await list('')).toHaveLength(1)
  })
})
