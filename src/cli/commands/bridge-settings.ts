/**
 * The settings of `nearcache bridge`.
 *
 * @module
 */

/** Where a Redis is: at an address, or in this process. */
export type RedisSource =
  | { readonly kind: 'tcp'; readonly url: string }
  | { readonly kind: 'embedded' }

/** A Redis, and the tokens that give access to it. */
export interface DatabaseSettings {
  readonly source: RedisSource
  /** If `undefined`, a token is generated. */
  readonly token: string | undefined
  readonly readOnlyToken: string | undefined
}

/** All settings of the command. */
export interface BridgeSettings {
  readonly databases: readonly DatabaseSettings[]
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** Maximum size of a request, in bytes. */
  readonly maxBody: number | undefined
}
