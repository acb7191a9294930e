/**
 * The mailbox that a contract test works with.
 *
 * @module
 */

import type { NewEmail } from '../../../src/email/email.ts'
import type { EmailRepository } from '../../../src/email/email-repository.ts'
import type { EmailQuery } from '../../../src/email/filter.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** An open mailbox. */
export interface OpenMailbox {
  readonly repository: EmailRepository
  /** Deletes every message. */
  empty(): Promise<void>
  close(): Promise<void>
}

/** Opens an empty mailbox that uses the platform's clock. */
export type OpenMailboxOn = (platform: ManualPlatform) => Promise<OpenMailbox>

/** Instant of the first message of each test, in epoch milliseconds. */
export const START = 1_760_000_000_000

/** Message `index` of a test, counted from 0; each is a minute later than the one before. */
export function message(index: number): NewEmail {
  return {
    subject: `Message ${index}`,
    senderEmail: 'sender@mail.example',
    receivedAt: START + index * 60_000,
  }
}

/** One mailbox for the tests of a suite, emptied before each. */
export class MailboxUnderTest {
  readonly platform: ManualPlatform = new ManualPlatform()
  readonly #openOn: OpenMailboxOn
  #mailbox: OpenMailbox | undefined

  constructor(openOn: OpenMailboxOn) {
    this.#openOn = openOn
  }

  get repository(): EmailRepository {
    if (this.#mailbox === undefined) throw new Error('the mailbox is not open')
    return this.#mailbox.repository
  }

  readonly open = async (): Promise<void> => {
    this.#mailbox = await this.#openOn(this.platform)
  }

  readonly empty = async (): Promise<void> => this.#mailbox?.empty()

  readonly close = async (): Promise<void> => this.#mailbox?.close()

  /** Stores one message per argument, each a minute after the one before; returns their ids. */
  readonly store = async (...changes: Partial<NewEmail>[]): Promise<string[]> => {
    const ids: string[] = []
    for (const [index, change] of changes.entries()) {
      const email = await this.repository.createEmail({ ...message(index), ...change })
      ids.push(email.id)
    }
    return ids
  }

  /** The ids of the page that a query returns. */
  readonly idsOf = async (query: EmailQuery): Promise<readonly string[]> =>
    (await this.repository.queryEmails(query)).emails.map(({ id }) => id)
}
