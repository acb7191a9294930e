import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Email,
  migrate,
  RejectedMessages,
  SqlEmailRepository,
  toSqlDriver,
} from '../../../src/email/index.ts'
import { type IngestOutcome, ingestMessage } from '../../../src/email/mime/index.ts'
import { RemoteError } from '../../../src/errors.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { openCachedMailbox } from './cached-mailbox.ts'

const HEADER = [
  'From: Ada <ada@shop.example>',
  'To: Team <team@ours.example>',
  'Subject: Boxes',
  'Message-ID: <one@shop.example>',
  'Date: Sat, 31 Jan 2026 09:30:00 +0000',
]

describe('ingestMessage', () => {
  const platform = new ManualPlatform()
  let emails: SqlEmailRepository
  let rejected: RejectedMessages
  let db: DatabaseSync

  beforeEach(async () => {
    db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    emails = new SqlEmailRepository({ db, platform })
    rejected = new RejectedMessages({ db })
  })

  async function ingest(
    raw: string | Uint8Array,
    { from = 'bounce@relay.example', to = 'team@ours.example', maxBytes = 1_000_000 } = {},
  ): Promise<IngestOutcome> {
    const bytes = typeof raw === 'string' ? new TextEncoder().encode(raw) : raw
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
    return ingestMessage({ from, to, raw: stream }, { emails, rejected, platform, maxBytes })
  }

  async function stored(raw: string | Uint8Array, envelope = {}): Promise<Email> {
    const outcome = await ingest(raw, envelope)
    if (outcome.kind !== 'stored') throw new Error(outcome.kind)
    await expect(emails.getEmailById(outcome.email.id)).resolves.toEqual(outcome.email)
    return outcome.email
  }

  const lines = (...list: string[]) => list.join('\r\n')

  test('ignores headers by which a sender marks a message as read, flagged or labelled', async () => {
    const hostile = [
      'X-Gmail-Labels: Important,Starred',
      'Status: RO',
      'X-Status: F',
      'Importance: high',
    ]
    const email = await stored(lines(...HEADER, ...hostile, '', 'Nobody is to see this.'))

    expect(email).toMatchObject({ isRead: false, isFlagged: false, categories: [] })
    expect(email.importance).toBe('high')
  })

  test.each([
    ['', { bodyText: 'Größe\n', bodyHtml: null }],
    ['text', { bodyText: 'Größe\n', bodyHtml: null }],
    ['text/plain charset=utf-8', { bodyText: 'Größe\n', bodyHtml: null }],
    ['text/html charset=utf-8', { bodyText: null, bodyHtml: 'Größe\n' }],
  ])('reads the text of a message with the malformed content type %j', async (type, bodies) => {
    const email = await stored(lines(...HEADER, `Content-Type: ${type}`, '', 'Größe', ''))

    expect(email).toMatchObject({ ...bodies, bodyPreview: 'Größe', attachments: [] })
  })

  test.each([
    ['names no boundary', 'multipart/mixed', ['Größe', '', 'XL'], 'Größe\n\nXL\n'],
    ['has another boundary', 'multipart/mixed; boundary=a', ['--b', '', 'XL'], '--b\n\nXL\n'],
    ['has no part', 'multipart/mixed; boundary=a', ['--a--'], null],
    [
      'has a part without a body',
      'multipart/mixed; boundary="a b"',
      ['--a b', 'X: y', '--a b--'],
      null,
    ],
    [
      'has empty parts in parts',
      'multipart/mixed; boundary=a',
      [
        ...['--a', 'Content-Type: multipart/alternative; boundary=c', '', '--c'],
        ...[
          'Content-Type: text/plain',
          'Content-Transfer-Encoding: base64',
          '',
          '',
          '--c--',
          '--a--',
        ],
      ],
      null,
    ],
    ['has nothing', 'multipart/mixed; boundary=a', [], null],
  ])('keeps the text of a multipart message that %s', async (_, type, body, bodyText) => {
    const email = await stored(lines(...HEADER, `Content-Type: ${type}`, '', ...body, ''))

    expect(email).toMatchObject({ bodyText, bodyHtml: null, attachments: [] })
  })

  test('stores both bodies of a message, and the metadata of its attachments', async () => {
    const email = await stored(
      lines(
        ...HEADER,
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=outer',
        '',
        '--outer',
        'Content-Type: multipart/related; boundary=related',
        '',
        '--related',
        'Content-Type: multipart/alternative; boundary=inner',
        '',
        '--inner',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'Gr=C3=B6=C3=9Fe',
        '--inner',
        'Content-Type: text/html; charset=utf-8',
        '',
        '<p>Gr&ouml;&szlig;e <img src="cid:logo@shop"></p>',
        '--inner--',
        '--related',
        'Content-Type: image/png',
        'Content-ID: <logo@shop>',
        'Content-Transfer-Encoding: base64',
        '',
        'aGVsbG8=',
        '--related--',
        '--outer',
        'Content-Type: application/pdf; name="=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?="',
        'Content-Disposition: attachment',
        'Content-Transfer-Encoding: base64',
        '',
        'JVBERi0xLjQ=',
        '--outer--',
        '',
      ),
    )

    expect(email).toMatchObject({
      bodyText: expect.stringContaining('Größe'),
      bodyHtml: expect.stringContaining('cid:logo@shop'),
      hasAttachments: true,
      receivedAt: platform.now(),
      sentAt: Date.UTC(2026, 0, 31, 9, 30),
    })
    expect(email.attachments).toEqual([
      {
        name: null,
        contentType: 'image/png',
        sizeBytes: 5,
        contentId: 'logo@shop',
        isInline: true,
      },
      {
        name: 'Größe.pdf',
        contentType: 'application/pdf',
        sizeBytes: 8,
        contentId: null,
        isInline: false,
      },
    ])
    await expect(emails.countEmails({ hasAttachments: true, search: 'grösse' })).resolves.toBe(0)
    await expect(emails.countEmails({ hasAttachments: true, search: 'größe' })).resolves.toBe(1)
  })

  test('does not count an inline image as an attachment', async () => {
    const email = await stored(
      lines(
        ...HEADER,
        'Content-Type: multipart/related; boundary=b',
        '',
        '--b',
        'Content-Type: text/html',
        '',
        '<img src="cid:x">',
        '--b',
        'Content-Type: image/gif',
        'Content-ID: <x>',
        '',
        'GIF',
        '--b--',
      ),
    )

    expect(email).toMatchObject({ hasAttachments: false, attachments: [{ isInline: true }] })
  })

  test.each<[string, Uint8Array, string]>([
    ['iso-8859-1', Uint8Array.of(0x47, 0x72, 0xf6, 0xdf, 0x65), 'Größe'],
    ['windows-1251', Uint8Array.of(0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2), 'Привет'],
    ['shift_jis', Uint8Array.of(0x93, 0x8c, 0x8b, 0x9e), '東京'],
    ['koi8-r', Uint8Array.of(0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4), 'Привет'],
    ['utf-16le', Uint8Array.of(0x61, 0x00, 0xe9, 0x00), 'aé'],
    ['x-unheard-of', Uint8Array.of(0x6f, 0x6b), 'ok'],
  ])('reads a body in %s', async (charset, bytes, text) => {
    const head = lines(...HEADER, `Content-Type: text/plain; charset=${charset}`, '', '')
    const raw = Buffer.concat([Buffer.from(head), bytes])

    const email = await stored(raw)

    expect(email.bodyText).toContain(text)
    await expect(emails.countEmails({ search: text })).resolves.toBe(1)
  })

  test('stores invalid bytes and NUL as text that SQL can hold', async () => {
    const head = lines(...HEADER, 'Content-Type: text/plain; charset=utf-8', '', 'a')

    const email = await stored(
      Buffer.concat([Buffer.from(head), Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x62)]),
    )

    expect(email.bodyText?.isWellFormed()).toBe(true)
    expect(email.bodyText).not.toContain('\0')
  })

  test('adds the envelope recipient to bcc if the header does not name it', async () => {
    const named = await stored(lines(...HEADER, '', 'x'), { to: 'TEAM@ours.example' })
    const unnamed = await stored(lines(...HEADER, '', 'y'), { to: 'hidden@ours.example' })

    expect(named.bcc).toEqual([])
    expect(unnamed.bcc).toEqual([{ address: 'hidden@ours.example' }])
    const recipients = ['hidden@ours.example']
    await expect(emails.countEmails({ recipients })).resolves.toBe(1)
  })

  test('adds each envelope recipient once when a message is delivered to several', async () => {
    const raw = lines(...HEADER, '', 'x')
    const { id } = await stored(raw, { to: 'first@ours.example' })

    for (const to of ['second@ours.example', ' First@Ours.example', 'team@ours.example', '']) {
      await expect(ingest(raw, { to })).resolves.toEqual({ kind: 'duplicate' })
    }

    const email = await emails.getEmailById(id)
    expect(email?.bcc).toEqual([
      { address: 'first@ours.example' },
      { address: 'second@ours.example' },
    ])
    expect(email?.version).toBe(2)
    for (const recipient of ['first@ours.example', 'second@ours.example', 'team@ours.example']) {
      await expect(emails.countEmails({ recipients: [recipient] })).resolves.toBe(1)
    }
  })

  test('uses the envelope sender if the message names none', async () => {
    const email = await stored(lines('Subject: x', '', 'y'))

    expect(email).toMatchObject({ senderEmail: 'bounce@relay.example', sentAt: null })
  })

  test.each([
    ['MAILER-DAEMON', 'mailer-daemon', null],
    ['Mail Delivery System <MAILER-DAEMON>', 'mailer-daemon', 'Mail Delivery System'],
    ['root (Cron Daemon)', 'root', null],
  ])('stores a bounce from %s, which has no address', async (from, senderEmail, senderName) => {
    const email = await stored(lines(`From: ${from}`, 'Subject: Undelivered', '', 'x'), {
      from: '',
    })

    expect(email).toMatchObject({ senderEmail, senderName })
  })

  test('stores a message that begins with a byte order mark as the same message', async () => {
    const message = lines(...HEADER, '', 'Text')
    const email = await stored(`\uFEFF${message}`)

    expect(email).toMatchObject({ senderEmail: 'ada@shop.example', bodyText: 'Text\n' })
    await expect(ingest(message)).resolves.toEqual({ kind: 'duplicate' })
  })

  test('truncates long bodies and stores the message', async () => {
    const email = await stored(lines(...HEADER, '', 'word '.repeat(120_000)))

    expect(email.bodyText).toHaveLength(250_000)
    expect(email.bodyPreview.length).toBeLessThanOrEqual(255)
  })

  test('distinguishes a second delivery from another message with the same Message-ID', async () => {
    const first = lines(...HEADER, '', 'Same')
    await stored(first)

    await expect(ingest(`Received: by relay; now\r\n${first}`)).resolves.toEqual({
      kind: 'duplicate',
    })
    const other = await stored(lines(...HEADER, '', 'Other'))

    expect(other.messageId).toBeNull()
    await expect(emails.countEmails({})).resolves.toBe(2)
  })

  test.each<[string, string, object, string]>([
    ['no header', lines('hello there', '', 'x'), {}, 'it does not begin with a header field'],
    ['no content', '', {}, 'it does not begin with a header field'],
    ['no sender', lines('Subject: x', '', 'y'), { from: '' }, 'it has no sender address'],
    ['too many bytes', lines(...HEADER, '', 'x'), { maxBytes: 99 }, 'it is larger than 99 bytes'],
    [
      'too deeply nested parts',
      lines(
        ...HEADER,
        ...Array.from({ length: 300 }, (_, index) =>
          lines(`Content-Type: multipart/mixed; boundary=b${index}`, '', `--b${index}`),
        ),
      ),
      {},
      'its MIME structure is too deep or its header too large',
    ],
    [
      'too many short lines',
      lines(...HEADER, '', '\n'.repeat(100_000)),
      {},
      'it has more than 100000 lines of fewer than 40 bytes',
    ],
    [
      'a sender longer than any line',
      lines(`From: ${'a'.repeat(1_200)}@x.example`, '', 'y'),
      { from: '' },
      'it has no sender address',
    ],
  ])('stores a message with %s as rejected, with the reason', async (_, raw, envelope, reason) => {
    await expect(ingest(raw, envelope)).resolves.toEqual({ kind: 'rejected', reason })
    await ingest(raw, envelope)

    const kept = await rejected.list()
    expect(kept).toHaveLength(1)
    expect(kept[0]).toMatchObject({ reason, envelopeTo: 'team@ours.example' })
    expect(raw.startsWith(kept[0]?.rawStart ?? 'none')).toBe(true)
    await expect(emails.countEmails({})).resolves.toBe(0)
  })

  test('stores the start of a rejected message, also of binary data', async () => {
    const raw = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256)

    await ingest(raw)

    const [kept] = await rejected.list()
    expect(kept).toMatchObject({ sizeBytes: 70_000, receivedAt: platform.now() })
    expect(kept?.rawStart).toHaveLength(65_536)
    expect(kept?.rawStart.slice(0, 2)).toBe('\u2400\u0001')
    await expect(rejected.list(101)).rejects.toMatchObject({ field: 'limit' })
  })

  test('rethrows an error of the database, and stores the message neither as mail nor as rejected', async () => {
    db.exec('DROP TABLE email_texts')

    await expect(ingest(lines(...HEADER, '', 'x'))).rejects.toThrow(/email_texts/)

    await expect(emails.getEmailsByIds([])).resolves.toEqual(new Map())
    await expect(rejected.list()).resolves.toEqual([])
    await expect(emails.countEmails({})).resolves.toBe(0)
  })

  test('accepts a message, and a further recipient, while Redis is down, for the database has them', async () => {
    const mailbox = await openCachedMailbox()
    const { emails, database, redis } = mailbox
    const deliver = (to: string): Promise<IngestOutcome> => {
      const raw = new Blob([lines(...HEADER, '', 'x')]).stream()
      return ingestMessage({ from: '', to, raw }, { emails, rejected, platform })
    }
    await emails.countEmails({})
    redis.isCut = true

    await expect(deliver('team@ours.example')).resolves.toEqual({ kind: 'duplicate' })
    await expect(deliver('kim@ours.example')).resolves.toEqual({ kind: 'duplicate' })
    redis.isCut = false

    await expect(database.countEmails({ recipients: ['kim@ours.example'] })).resolves.toBe(1)
    await expect(emails.countEmails({})).resolves.toBe(1)
  })

  test('rejects while Redis is down where the mailbox refuses to write then', async () => {
    const { over, database, redis } = await openCachedMailbox()
    const emails = over(database, undefined, { unmarkedWrites: 'refuse' })
    const raw = new Blob([lines(...HEADER, '', 'x')]).stream()
    redis.isCut = true

    const delivery = ingestMessage({ from: '', to: '', raw }, { emails, rejected, platform })

    await expect(delivery).rejects.toBeInstanceOf(RemoteError)
    await expect(database.countEmails({})).resolves.toBe(0)
  })

  test('rethrows an error of the stream', async () => {
    const failure = new Error('connection lost')
    const raw = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(failure) })

    await expect(
      ingestMessage({ from: '', to: '', raw }, { emails, rejected, platform }),
    ).rejects.toBe(failure)
  })
})
