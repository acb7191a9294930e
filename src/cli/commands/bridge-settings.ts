/**
 * What `nearcache bridge` has to know before it serves.
 *
 * @module
 */

/** Where a Redis is: an address, or in this process. */
export type RedisSource =
  | { readonly kind: 'tcp'; readonly url: string }
  | { readonly kind: 'embedded' }

/** A Redis, and the tokens that open it. */
export interface DatabaseSettings {
  readonly source: RedisSource
  /** Undefined when one is to be made. */
  readonly token: string | undefined
  readonly readOnlyToken: string | undefined
}

/** Everything the command needs to know. */
export interface BridgeSettings {
  readonly databases: readonly DatabaseSettings[]
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** In bytes. */
  readonly maxBody: number | undefined
}
