/**
 * The mailbox in SQL: Cloudflare D1, or SQLite in the process.
 *
 * @module
 */

import { DuplicateEmailError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { EmailAnalytics } from './analytics.ts'
import { selectAnalytics, toAnalytics } from './analytics-statements.ts'
import { resultOfBatch, takenField } from './batch.ts'
import type { DateRange, EmailFilter } from './conditions.ts'
import { type SqlDatabase, toSqlDriver } from './database.ts'
import type { SqlDriver, SqlStatement } from './driver.ts'
import type { Email, EmailChanges, EmailEntity, EmailImage, NewEmail } from './email.ts'
import {
  type ParsedChanges,
  parseChanges,
  parseEntities,
  parseNewEmail,
  parseSynchronised,
} from './email-input.ts'
import type {
  BatchResult,
  EmailChange,
  EmailIdPage,
  EmailPage,
  EmailRepository,
  EmailSession,
  EmailUpsert,
} from './email-repository.ts'
import { readAddress, readBoolean, readList, readName, readNullableName } from './fields.ts'
import {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  canonicalizeFilter,
  type EmailQuery,
  MAX_LIMIT,
} from './filter.ts'
import { countMatches } from './query-statements.ts'
import { type EmailRow, fromImageRow, fromRow, type ImageRow } from './row.ts'
import { readChain, storeChain } from './sql-chains.ts'
import { readIdPage, readPage } from './sql-page.ts'
import * as statements from './statements.ts'
import type { WorkflowChain, WorkflowChainChange, WorkflowChainInput } from './workflow-chain.ts'

/** Options for {@link SqlEmailRepository}. */
export interface SqlEmailRepositoryOptions {
  /** A D1 database or session, a `DatabaseSync` of `node:sqlite`, a better-sqlite3 database, or a driver. */
  readonly db: SqlDatabase
  /** Its clock sets `createdAt`, `updatedAt` and `assignedAt`. @default webPlatform() */
  readonly platform?: Platform
}

const DAY_MS = 86_400_000

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
  /** Present if the database has sessions. */
  readonly session?: (atLeast?: string) => EmailSession

  /** @throws {InvalidOptionError} `db`, when it is not a database that this library supports. */
  constructor({ db, platform = webPlatform() }: SqlEmailRepositoryOptions) {
    this.#driver = toSqlDriver(db)
    this.#platform = platform
    const open = this.#driver.session?.bind(this.#driver)
    if (open) {
      this.session = (atLeast) => {
        const session = open(atLeast)
        const repository = new SqlEmailRepository({ db: session, platform })
        return Object.assign(repository, { bookmark: () => session.bookmark() })
      }
    }
  }

  async queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage> {
    return readPage(this.#driver, canonicalize(query))
  }

  async queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage> {
    return readIdPage(this.#driver, canonicalize(query))
  }

  async countEmails(filter: EmailFilter | CanonicalFilter): Promise<number> {
    const [row] = await this.#rows<{ n: number }>(countMatches(canonicalizeFilter(filter)))
    return row?.n ?? 0
  }

  async getEmailById(id: string): Promise<Email | undefined> {
    const [row] = await this.#rows<EmailRow>(statements.selectById(readName(id, 'id')))
    return row && fromRow(row)
  }

  async getEmailByGraphId(graphId: string): Promise<Email | undefined> {
    const find = statements.selectByGraphId(readName(graphId, 'graphId'))
    const [row] = await this.#rows<EmailRow>(find)
    return row && fromRow(row)
  }

  async getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>> {
    const wanted = readIds(ids)
    if (wanted.length === 0) return new Map()
    const rows = await this.#rows<EmailRow>(statements.selectByIds(wanted))
    const found = new Map(rows.map((row) => [row.id, row]))
    return new Map(
      wanted.flatMap((id) => {
        const row = found.get(id)
        return row ? [[id, fromRow(row)]] : []
      }),
    )
  }

  async getThread(threadId: string): Promise<readonly Email[]> {
    return (await this.queryEmails(threadQuery({ threadId }))).emails
  }

  async getConversation(conversationId: string): Promise<readonly Email[]> {
    return (await this.queryEmails(threadQuery({ conversationId }))).emails
  }

  async getAnalytics(range?: DateRange): Promise<EmailAnalytics> {
    const { branches } = canonicalizeFilter(range === undefined ? {} : { dateRange: range })
    const dayStart = Math.floor(this.#platform.now() / DAY_MS) * DAY_MS
    const answers = await this.#driver.batch(selectAnalytics(branches[0] ?? {}, dayStart))
    return toAnalytics(answers, dayStart)
  }

  async createEmail(email: NewEmail): Promise<Email> {
    const parsed = this.#parse(email)
    // In one transaction, so the look-up sees any message that makes the insert fail.
    const [rivals = [], [row] = []] = await this.#batch([
      statements.selectRivals([parsed]),
      statements.insert(parsed),
      ...statements.insertTexts([parsed]),
    ])
    if (row === undefined) throw new DuplicateEmailError(takenField(parsed, rivals))
    return fromRow(row)
  }

  async createOrUpdate(email: NewEmail): Promise<EmailUpsert> {
    const parsed = this.#parse(email)
    const graphId = readName(parsed.graphId, 'graphId')
    const find = statements.selectByGraphId(graphId)
    const changes = parseSynchronised(email)
    const isEmpty = Object.keys(changes).length === 0
    const [[before] = [], [changed] = [], rivals = [], [created] = []] = await this.#batch([
      find,
      isEmpty ? find : statements.updateByGraphId(graphId, changes, parsed.updatedAt),
      statements.selectRivals([parsed]),
      statements.insert(parsed),
      ...statements.insertTexts([parsed]),
    ])
    const after = changed ?? created
    if (after === undefined) throw new DuplicateEmailError(takenField(parsed, rivals))
    return { before: before && fromRow(before), after: fromRow(after) }
  }

  async batchCreate(emails: readonly NewEmail[]): Promise<BatchResult> {
    const parsed = readList(emails, 'emails', (email) => this.#parse(email as NewEmail))
    if (parsed.length === 0) return { created: [], duplicates: [] }
    const [rivals = [], ...answers] = await this.#batch([
      statements.selectRivals(parsed),
      ...statements.insertAll(parsed),
    ])
    return resultOfBatch(parsed, rivals, new Set(answers.flat().map(({ id }) => id)))
  }

  async updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined> {
    return (await this.changeEmail(id, changes))?.after
  }

  async changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined> {
    const find = statements.selectById(readName(id, 'id'))
    const parsed = parseChanges(changes)
    const isEmpty = Object.keys(parsed).length === 0
    return this.#change(find, isEmpty ? find : statements.update(id, parsed, this.#now()))
  }

  async bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    const wanted = readIds(ids)
    const parsed = parseChanges(changes)
    return Object.keys(parsed).length === 0 ? [] : this.#changeAll(wanted, parsed)
  }

  async bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#changeAll(readIds(ids), { assignedTo: readNullableName(assignedTo, 'assignedTo') })
  }

  async markAsRead(
    ids: readonly string[],
    isRead: boolean = true,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#changeAll(readIds(ids), { isRead: readBoolean(isRead, 'isRead') }, isRead)
  }

  async storeEmailEntities(
    id: string,
    entities: readonly EmailEntity[],
  ): Promise<EmailChange | undefined> {
    const find = statements.selectById(readName(id, 'id'))
    const parsed = parseEntities(entities)
    return this.#change(find, statements.updateEntities(id, parsed, this.#now()))
  }

  async noteRecipient(id: string, address: string): Promise<EmailChange | undefined> {
    const find = statements.selectById(readName(id, 'id'))
    const noted = readAddress(address, 'address')
    return this.#change(find, statements.noteRecipient(id, noted, this.#now()))
  }

  async deleteEmail(id: string): Promise<Email | undefined> {
    const [row] = await this.#rows<EmailRow>(statements.deleteById(readName(id, 'id')))
    return row && fromRow(row)
  }

  async getWorkflowChain(id: string): Promise<WorkflowChain | undefined> {
    return readChain(this.#driver, id)
  }

  async createOrUpdateWorkflowChain(chain: WorkflowChainInput): Promise<WorkflowChainChange> {
    return storeChain(this.#driver, chain, this.#now())
  }

  /** Instants are stored as whole milliseconds, but a clock may return fractions. */
  #now(): number {
    return Math.floor(this.#platform.now())
  }

  #parse(email: NewEmail): Email {
    return parseNewEmail(email, { id: crypto.randomUUID(), now: this.#now() })
  }

  async #change(find: SqlStatement, write: SqlStatement): Promise<EmailChange | undefined> {
    const [[before] = [], [after] = []] = await this.#batch([find, write])
    return before && after && { before: fromRow(before), after: fromRow(after) }
  }

  async #changeAll(
    ids: readonly string[],
    changes: ParsedChanges,
    isRead?: boolean,
  ): Promise<EmailChange<EmailImage>[]> {
    if (ids.length === 0) return []
    const [before = [], after = []] = await this.#batch<ImageRow>([
      statements.selectImages(ids, isRead),
      statements.updateAll(ids, changes, this.#now(), isRead),
    ])
    const changed = new Map(after.map((row) => [row.id, row]))
    return before.flatMap((row) => {
      const now = changed.get(row.id)
      return now ? [{ before: fromImageRow(row), after: fromImageRow(now) }] : []
    })
  }

  async #rows<Row>({ sql, params }: SqlStatement): Promise<Row[]> {
    return (await this.#driver.all(sql, params)) as Row[]
  }

  async #batch<Row = EmailRow>(steps: readonly SqlStatement[]): Promise<Row[][]> {
    return (await this.#driver.batch(steps)) as unknown as Row[][]
  }
}

function readIds(ids: unknown): readonly string[] {
  return [...new Set(readList(ids, 'ids', readName))]
}

/** The query of {@link EmailRepository.getThread} and {@link EmailRepository.getConversation}. */
function threadQuery(of: Pick<EmailQuery, 'threadId' | 'conversationId'>): EmailQuery {
  const [field, id] = Object.entries(of)[0] ?? ['', undefined]
  return { [field]: readName(id, field), direction: 'asc', limit: MAX_LIMIT }
}
