import { beforeEach, describe, expect, test } from 'vitest'
import { type ChangeLog, changeLog } from '../../../src/cache/change-log.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { NewEmail } from '../../../src/email/index.ts'
import { type CachedMailbox, NOW, openCachedMailbox } from './cached-mailbox.ts'

const MESSAGE: NewEmail = {
  id: 'm1',
  subject: 'Order',
  senderEmail: 's@x.example',
  recipients: ['r@x.example'],
  categories: ['red'],
  receivedAt: NOW,
}

describe('while a mailbox has isolates of two versions', () => {
  let mailbox: CachedMailbox
  let cache: RedisCacheManager
  let log: ChangeLog

  beforeEach(async () => {
    mailbox = await openCachedMailbox()
    cache = new RedisCacheManager({ redis: mailbox.transport, platform: mailbox.platform })
    log = changeLog(cache.namespace('email'))
  })

  test('a writer touches the lists of the other that go by a field it does not know', async () => {
    const look = () => log.look('folder|receivedAt', ['["folder|receivedAt","inbox"]'])
    await expect(look()).resolves.toMatchObject({ isShapeKnown: true, touchedAt: 0 })

    await mailbox.emails.createEmail(MESSAGE)

    await expect(look()).resolves.toMatchObject({ at: 1, touchedAt: 1 })
  })})
