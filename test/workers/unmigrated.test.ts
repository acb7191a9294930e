import { describe, expect, test } from 'vitest'
import { call, send } from './mailbox.ts'

describe('a database to which no migration was applied', () => {
  test.each<[what: string, ask: () => Promise<Response>]>([
    ['a list', () => call('/emails')],
    ['a message', () => call('/emails/e1')],
    [
      'a new message',
      () =>
        send('POST', '/emails', {
          subject: 'Hello',
          senderEmail: 'ada@shop.example',
          receivedAt: '2026-03-01T09:00:00Z',
        }),
    ],
  ])('is what %s is answered with, and what to do', async (_what, ask) => {
    const response = await ask()

    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      title: 'The database lacks a migration',
      detail: 'Apply what there is: npx wrangler d1 migrations apply DB, with --remote or --local',
    })
  })
})
