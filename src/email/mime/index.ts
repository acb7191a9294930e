/**
 * Mail as it comes from the wire: MIME messages parsed, and stored.
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
