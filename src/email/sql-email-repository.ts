/**
 * The mailbox in SQL: Cloudflare D1, or SQLite in the process.
 *
 * @module
 */

import { DuplicateEmailError, type UniqueField } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import { encodeCursor } from './cursor.ts'
import { type SqlDatabase, type SqlDriver, type SqlStatement, toSqlDriver } from './driver.ts'
import type { Email, EmailChanges, NewEmail } from './email.ts'
import { parseChanges, parseNewEmail } from './email-input.ts'
import type { EmailChange, EmailIdPage, EmailPage, EmailRepository } from './email-repository.ts'
import { readList, readName } from './fields.ts'
import { type CanonicalQuery, canonicalize, type EmailQuery } from './filter.ts'
import { type EmailRow, fromRow } from './row.ts'
import {
  insert,
  selectById,
  selectByIds,
  selectPage,
  selectPagePositions,
  selectRivals,
  update,
} from './statements.ts'

/** Options for {@link SqlEmailRepository}. */
export interface SqlEmailRepositoryOptions {
  /** A D1 database or session, a `DatabaseSync` of `node:sqlite`, a better-sqlite3 database, or a driver. */
  readonly db: SqlDatabase
  /** Gives `createdAt`, `updatedAt` and `assignedAt`. @default webPlatform() */
  readonly platform?: Platform
}

/**
 * An {@link EmailRepository} on SQL. Each method is one statement or one transaction, in one round
 * trip. The database must have the schema already: see `migrate`.
 *
 * @example
 * ```ts
 * const db = new DatabaseSync('mail.db')
 * await migrate(toSqlDriver(db))
 * const mailbox = new SqlEmailRepository({ db })
 * const { emails } = await mailbox.queryEmails({ statuses: ['new', 'in_progress'], limit: 50 })
 * ```
 */
export class SqlEmailRepository implements EmailRepository {
  readonly #driver: SqlDriver
  readonly #platform: Platform

  /** @throws {InvalidOptionError} `db`, when it is no database this library knows. */
  constructor({ db, platform = webPlatform() }: SqlEmailRepositoryOptions) {
    this.#driver = toSqlDriver(db)
    this.#platform = platform
  }

  async queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage> {
    const canonical = canonicalize(query)
    const emails = (await this.#rows<EmailRow>(selectPage(canonical))).map(fromRow)
    const page = emails.slice(0, canonical.limit)
    return { emails: page, ...nextCursor(page, emails.length) }
  }

  async queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage> {
    const canonical = canonicalize(query)
    const rows = await this.#rows<Pick<EmailRow, 'id' | 'received_at'>>(
      selectPagePositions(canonical),
    )
    const page = rows
      .slice(0, canonical.limit)
      .map((row) => ({ id: row.id, receivedAt: row.received_at }))
    return { ids: page.map(({ id }) => id), ...nextCursor(page, rows.length) }
  }

  async getEmailById(id: string): Promise<Email | undefined> {
    const [row] = await this.#rows<EmailRow>(selectById(readName(id, 'id')))
    return row && fromRow(row)
  }

  async getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>> {
    const wanted = [...new Set(readList(ids, 'ids', readName))]
    if (wanted.length === 0) return new Map()
    const rows = await this.#rows<EmailRow>(selectByIds(wanted))
    const found = new Map(rows.map((row) => [row.id, row]))
    return new Map(
      wanted.flatMap((id) => {
        const row = found.get(id)
        return row ? [[id, fromRow(row)]] : []
      }),
    )
  }

  async createEmail(email: NewEmail): Promise<Email> {
    const parsed = parseNewEmail(email, {
      id: crypto.randomUUID(),
      now: this.#platform.now(),
    })
    // One transaction, so a rival that is in the way of the insert is one the look-up sees.
    const [rivals = [], stored = []] = await this.#batch([selectRivals(parsed), insert(parsed)])
    const [row] = stored
    if (row === undefined) throw new DuplicateEmailError(takenField(parsed, rivals))
    return fromRow(row)
  }

  async updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined> {
    return (await this.changeEmail(id, changes))?.after
  }

  async changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined> {
    const find = selectById(readName(id, 'id'))
    const parsed = parseChanges(changes)
    const isEmpty = Object.keys(parsed).length === 0
    const write = isEmpty ? find : update(id, parsed, this.#platform.now())
    const [[before] = [], [after] = []] = await this.#batch([find, write])
    return before && after && { before: fromRow(before), after: fromRow(after) }
  }

  async #rows<Row>({ sql, params }: SqlStatement): Promise<Row[]> {
    return (await this.#driver.all(sql, params)) as Row[]
  }

  async #batch(statements: readonly SqlStatement[]): Promise<EmailRow[][]> {
    return (await this.#driver.batch(statements)) as unknown as EmailRow[][]
  }
}

function nextCursor(
  page: readonly { readonly receivedAt: number; readonly id: string }[],
  found: number,
): { nextCursor?: string } {
  const last = page.at(-1)
  return last !== undefined && found > page.length ? { nextCursor: encodeCursor(last) } : {}
}

/** The rivals share at least one unique field, or the insert would have gone through. */
function takenField(email: Email, rivals: readonly EmailRow[]): UniqueField {
  if (rivals.some((rival) => rival.id === email.id)) return 'id'
  const sameGraph = rivals.some((rival) => rival.graph_id === email.graphId)
  return sameGraph && email.graphId !== null ? 'graphId' : 'messageId'
}
