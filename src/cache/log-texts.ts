/**
 * The texts of entries and marks of a change log: `<letter><encoding> <payload>`, for marks without the letter.
 * The payload is encrypted if the cache encrypts.
 *
 * @module
 */

import type { CipherContext } from '../entry/cipher.ts'
import { CorruptEntryError } from '../errors.ts'
import type { CacheContext } from './context.ts'
import type { LogEntry, LogEntryKind } from './log-mirror.ts'
import type { Policy } from './options.ts'

const KINDS: Readonly<Record<string, LogEntryKind>> = { o: 'ordered', u: 'unordered', x: 'unknown' }
const LETTERS = { ordered: 'o', unordered: 'u', unknown: 'x' } as const satisfies Record<
  LogEntryKind,
  string
>

/** The letter that an entry of this kind begins with. */
export function letterOf(kind: LogEntryKind): string {
  return LETTERS[kind]
}

/** Writes and reads the texts of one namespace. */
export class LogTexts {
  readonly #ctx: CacheContext
  readonly #policy: Policy

  constructor(ctx: CacheContext, policy: Policy) {
    this.#ctx = ctx
    this.#policy = policy
  }

  /** @throws {InvalidValueError} When the value cannot be stored. */
  async write(value: unknown): Promise<string> {
    const { codec } = this.#ctx
    const encoded = await codec.encode(value, this.#policy.compression)
    const payload = await codec.seal(encoded, () => this.#context(encoded.encoding))
    return `${encoded.encoding} ${payload}`
  }

  /** The value of a text; `undefined` if it cannot be read. */
  async read(text: string): Promise<unknown> {
    const space = text.indexOf(' ')
    try {
      const [encoding, payload] = [text.slice(0, space), text.slice(space + 1)]
      return await this.#ctx.codec.decode(encoding, payload, () => this.#context(encoding))
    } catch (error) {
      if (!(error instanceof CorruptEntryError)) throw error
      return undefined
    }
  }

  /** Reads an entry; one that cannot be read is of kind `unknown`. */
  async readEntry(text: string, at: number): Promise<LogEntry> {
    const value = await this.read(text.slice(1))
    const kind = value === undefined ? 'unknown' : (KINDS[text.charAt(0)] ?? 'unknown')
    return { at, kind, value }
  }

  /** Binds a text to its namespace only: an entry is encrypted before its position is known. */
  #context(header: string): CipherContext {
    const { path } = this.#ctx.names.keyspace
    return { purpose: 'change-log', namespace: path, key: '', header, createdAt: 0 }
  }
}
