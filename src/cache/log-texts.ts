/**
 * Entries and marks of a change log as Redis holds them: `<letter><encoding> <payload>`, and without the
 * letter for a mark; sealed where the cache encrypts.
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

/** What an entry of this kind begins with. */
export function letterOf(kind: LogEntryKind): string {
  return LETTERS[kind]
}

/** Writes and reads them for one namespace. */
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

  /** What cannot be read may say anything: it is `undefined`. */
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

  /** An entry that cannot be read is one of unknown outcome. */
  async readEntry(text: string, at: number): Promise<LogEntry> {
    const value = await this.read(text.slice(1))
    const kind = value === undefined ? 'unknown' : (KINDS[text.charAt(0)] ?? 'unknown')
    return { at, kind, value }
  }

  /** Entries are sealed before they have a place, so nothing but the namespace binds them. */
  #context(header: string): CipherContext {
    const { path } = this.#ctx.names.keyspace
    return { purpose: 'change-log', namespace: path, key: '', header, createdAt: 0 }
  }
}
