import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { MboxError, type MboxOptions, readMbox } from '../../../scripts/mailbox/mbox.ts'
import type { NewEmail } from '../../../src/email/email.ts'

const SEPARATOR = 'From ada@mail.example Sat Jan 31 09:30:00 2026'

/** A message with the required headers, which most tests do not vary. */
function message(header: string, body = 'Hello'): string {
  return `From: Ada <ada@mail.example>\nDate: Sat, 31 Jan 2026 09:30:00 +0000\n${header}\n${body}\n`
}

function mboxOf(...messages: string[]): string {
  return messages.map((text) => `${SEPARATOR}\n${text}\n`).join('')
}

async function read(
  mbox: string | Buffer,
  { chunkBytes = 65_536, ...options }: MboxOptions & { chunkBytes?: number } = {},
): Promise<{ emails: NewEmail[]; bad: MboxError[] }> {
  const bytes = Buffer.from(mbox)
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
  const emails: NewEmail[] = []
  const bad: MboxError[] = []
  const onBadMessage = (error: MboxError) => bad.push(error)
  for await (const email of readMbox(Readable.from(chunks), { onBadMessage, ...options })) {
    emails.push(email)
  }
  return { emails, bad }
}

describe('readMbox', () => {
  test('reads people, dates and content of a message', async () => {
    const { emails } = await read(
      mboxOf(
        [
          'Received: from relay by mx.mail.example; Sat, 31 Jan 2026 10:31:07 +0100',
          'Received: from client by relay; Sat, 31 Jan 2026 10:30:59 +0100',
          'From: =?utf-8?B?QWRhIEzDqXZ5?= <Ada@Mail.example>',
          'To: Bo <bo@mail.example>, Friends: cy@mail.example, di@mail.example;',
          'Cc: ed@mail.example',
          'Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?= of',
          ' the boxes',
          'Date: Sat, 31 Jan 2026 10:30:00 +0100 (CET)',
          'Message-ID: <three@mail.example>',
          'In-Reply-To: <two@mail.example>',
          'References: <one@mail.example>',
          ' <two@mail.example>',
          'Importance: High',
          '',
          'The  boxes\nare too small.',
        ].join('\n'),
      ),
    )

    expect(emails).toEqual([
      {
        id: expect.stringMatching(/^mail-[0-9a-f]{32}$/),
        attachments: [],
        senderEmail: 'Ada@Mail.example',
        senderName: 'Ada Lévy',
        recipients: [
          { address: 'bo@mail.example', name: 'Bo' },
          { address: 'cy@mail.example' },
          { address: 'di@mail.example' },
        ],
        cc: [{ address: 'ed@mail.example' }],
        bcc: [],
        subject: 'Größe of the boxes',
        sentAt: Date.UTC(2026, 0, 31, 9, 30),
        receivedAt: Date.UTC(2026, 0, 31, 9, 31, 7),
        messageId: 'three@mail.example',
        inReplyTo: 'two@mail.example',
        references: ['one@mail.example', 'two@mail.example'],
        threadId: 'one@mail.example',
        bodyText: 'The  boxes\nare too small.\n',
        bodyHtml: null,
        bodyPreview: 'The boxes are too small.',
        hasAttachments: false,
        importance: 'high',
        categories: [],
        isRead: false,
        isFlagged: false,
      },
    ])
  })

  test('reads both bodies and the attachment of a multipart message', async () => {
    const { emails } = await read(
      mboxOf(
        message(
          'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=outer\n',
          [
            '--outer',
            'Content-Type: multipart/alternative; boundary=inner',
            '',
            '--inner',
            'Content-Type: text/plain; charset=iso-8859-1',
            'Content-Transfer-Encoding: quoted-printable',
            '',
            'Caf=E9',
            '--inner',
            'Content-Type: text/html; charset=utf-8',
            '',
            '<style>p { color: red }</style><p>Café</p>',
            '--inner--',
            '--outer',
            'Content-Type: application/pdf',
            'Content-Disposition: attachment; filename=a.pdf',
            'Content-Transfer-Encoding: base64',
            '',
            'JVBERi0=',
            '--outer--',
          ].join('\n'),
        ),
      ),
    )

    expect(emails[0]).toMatchObject({ hasAttachments: true, bodyPreview: 'Café' })
    expect(emails[0]?.bodyText?.trim()).toBe('Café')
    expect(emails[0]?.bodyHtml).toContain('<p>Café</p>')
  })

  test('makes a preview of a message that has only HTML', async () => {
    const html = '<style>p { color: red }</style><p>Two   <b>boxes</b></p>'
    const { emails } = await read(mboxOf(message('Content-Type: text/html\n', html)))

    expect(emails[0]).toMatchObject({ bodyPreview: 'Two boxes' })
  })

  const body = [
    'From here on it is quoted.',
    '',
    'From the start of a paragraph, without a date.',
    '>From someone',
    '>>From someone else',
    '> From a reply',
  ].join('\n')

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('removes one ">" from lines that look like a separator, with %s', async (_, newline) => {
    const text = mboxOf(message('Subject: First\n', body), message('Subject: Second\n'))

    const { emails } = await read(text.replaceAll('\n', newline))

    expect(emails.map(({ subject }) => subject)).toEqual(['First', 'Second'])
    expect(emails[0]?.bodyText?.replaceAll('\r\n', '\n')).toBe(
      `${body.replaceAll(/^>(>*From )/gm, '$1')}\n`,
    )
  })

  test.each([1, 2, 7, 64])('reads the same messages in chunks of %d bytes', async (chunkBytes) => {
    const text = mboxOf(
      message('Subject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?=\n', body),
      message('Content-Type: text/plain; charset=utf-8\n', '📦 Größe'),
    )

    const progress: number[] = []
    const inChunks = await read(text, { chunkBytes, onProgress: (bytes) => progress.push(bytes) })

    expect(inChunks).toEqual(await read(text))
    expect(progress.at(-1)).toBe(Buffer.byteLength(text))
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  })

  test('gives a message the same id each time, and another message another id', async () => {
    const text = mboxOf(message('Subject: First\n'), message('Subject: Second\n'))

    const [first, second] = (await read(text)).emails

    expect((await read(text)).emails.map(({ id }) => id)).toEqual([first?.id, second?.id])
    expect(first?.id).not.toBe(second?.id)
  })

  test.each([
    [
      'the message it replies to, without References',
      'In-Reply-To: <b@x.example>\n',
      'b@x.example',
    ],
    ['the message itself, if it is no reply', 'Message-ID: <c@x.example>\n', 'c@x.example'],
    ['null, if it has no Message-ID either', '', null],
  ])('uses as the root of a thread %s', async (_, header, threadId) => {
    const { emails } = await read(mboxOf(message(header)))

    expect(emails[0]).toMatchObject({ threadId })
  })

  test.each([
    ['Status: RO\nX-Status: F\n', { isRead: true, isFlagged: true }],
    ['Status: O\n', { isRead: false, isFlagged: false }],
    ['X-Gmail-Labels: Inbox,Unread,Starred\n', { isRead: false, isFlagged: true }],
    ['X-Gmail-Labels: Inbox,Orders\n', { isRead: true, categories: ['Inbox', 'Orders'] }],
    [
      'X-Gmail-Labels: =?UTF-8?Q?Unread,Starred,Bestellungen_f=C3=BC?=\n =?UTF-8?Q?r_Gr=C3=B6=C3=9Fen?=\n',
      {
        isRead: false,
        isFlagged: true,
        categories: ['Unread', 'Starred', 'Bestellungen für Größen'],
      },
    ],
  ])('reads the flags and labels in %j', async (header, marks) => {
    const { emails } = await read(mboxOf(message(header)))

    expect(emails[0]).toMatchObject(marks)
  })

  test('uses the date of the separator for a message without a date', async () => {
    const { emails } = await read(`${SEPARATOR}\nFrom: ada@mail.example\n\nHello\n`)

    expect(emails[0]).toMatchObject({ receivedAt: Date.UTC(2026, 0, 31, 9, 30), sentAt: null })
  })

  const secret = 'secret@mail.example'
  const good = message('Subject: Good\n')
  test.each([
    ['has no header', `${secret} wrote this\n`, /header field/],
    ['is empty', '', /header field/],
    ['is binary', '\u0000\u0001\u0002\u00ff\n', /header field/],
    ['has no sender', `To: ${secret}\nDate: Sat, 31 Jan 2026 09:30:00 +0000\n\nHi\n`, /sender/],
    ['has a line that is too long', message('', 'x'.repeat(5_000)), /longer than 4096 bytes/],
    ['is too large', message('', 'line\n'.repeat(2_000)), /larger than 8192 bytes/],
  ])(
    'skips a message that %s, reports its number and the reason, and reads the rest',
    async (_, bad, why) => {
      const limits = { maxLineBytes: 4_096, maxMessageBytes: 8_192 }

      const result = await read(mboxOf(good, bad, good), limits)

      expect(result.emails.map(({ subject }) => subject)).toEqual(['Good', 'Good'])
      expect(result.bad).toMatchObject([{ code: 'ERR_MBOX', messageNumber: 2 }])
      expect(result.bad[0]?.message).toMatch(why)
      expect(result.bad[0]?.message).not.toContain('secret')
    },
  )

  test('skips a message with more text than the mailbox takes, summed over all fields', async () => {
    const people = Array.from({ length: 900 }, (_, index) => `${'x'.repeat(900)}${index}@x.example`)
    const text = '€'.repeat(1_000)
    const part = (type: string) =>
      `--b\nContent-Type: text/${type}; charset=utf-8\n\n${`${text}\n`.repeat(250)}`
    const bulky = message(
      `To: ${people.join(',\n ')}\nContent-Type: multipart/alternative; boundary=b\n`,
      `${part('plain')}${part('html')}--b--`,
    )

    const { emails, bad } = await read(mboxOf(good, bulky, good))

    expect(emails).toHaveLength(2)
    expect(bad).toMatchObject([{ messageNumber: 2, reason: 'its text is more than can be stored' }])
  })

  test('stops at the first bad message when told to', async () => {
    const reading = read(mboxOf(good, 'nonsense\n', good), { badMessages: 'throw' })

    await expect(reading).rejects.toMatchObject({ name: MboxError.name, messageNumber: 2 })
  })

  test.each([
    ['is empty', ''],
    ['is a zip archive', 'PK\u0003\u0004rest'],
    ['is one message without a separator', good],
    ['begins with a header that only resembles one', 'From: ada@mail.example\n'],
    ['is shorter than a separator', 'Fro'],
  ])('refuses a file that %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ name: MboxError.name, messageNumber: 0 })
    await expect(read(text, { chunkBytes: 1 })).rejects.toThrow(/^Not an mbox file/)
  })

  test('rethrows an error of the source', async () => {
    const failure = new Error('disk is gone')
    async function* source() {
      yield Buffer.from(mboxOf(good, good))
      throw failure
    }

    const subjects: string[] = []
    const reading = async () => {
      for await (const { subject } of readMbox(source())) subjects.push(subject)
    }

    await expect(reading()).rejects.toBe(failure)
    // The end of the second message was not yet read.
    expect(subjects).toEqual(['Good'])
  })
})
