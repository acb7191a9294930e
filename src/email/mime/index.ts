/**
 * Parses MIME messages, and stores incoming mail.
 *
 * Exported as `'nearcache/email/mime'`.
 *
 * @module
 */

export {
  type IncomingMessage,
  type IngestOptions,
  type IngestOutcome,
  ingestMessage,
} from './ingest.ts'
export { type Envelope, type ParseMessageOptions, parseMessage } from './parse-message.ts'
