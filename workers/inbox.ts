/**
 * Stores mail that arrives by Email Routing.
 *
 * @module
 */

import { type IncomingMessage, ingestMessage } from 'nearcache/email/mime'
import { workersPlatform } from 'nearcache/platform/workers'
import type { Composition } from './compose.ts'

/** The part of a `ForwardableEmailMessage` that is used. */
export interface DeliveredMessage extends IncomingMessage {
  setReject(reason: string): void
}

/**
 * Stores a message through the repository, so that cached lists include it. A message that cannot be read
 * is stored as rejected, and its sender gets the reason.
 *
 * @throws Whatever the database raised. The message is then not accepted, and its sender is notified.
 */
export async function takeIn(
  message: DeliveredMessage,
  { emails, rejected }: Pick<Composition, 'emails' | 'rejected'>,
): Promise<void> {
  const outcome = await ingestMessage(message, { emails, rejected, platform: workersPlatform() })
  if (outcome.kind === 'rejected') message.setReject(`The message was refused: ${outcome.reason}`)
}
