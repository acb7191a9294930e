/**
 * Drizzle with its cache for Upstash. It stores whole results by the text of the statement; every write to a
 * table deletes all of them.
 *
 * @module
 */

import {
  canonicalize,
  type EmailPriority,
  type EmailQuery,
  type EmailStatus,
  type SqlDriver,
  type SqlParam,
} from 'nearcache/email'
import { tcpTransport } from 'nearcache/redis/tcp'
import { loadPeer } from '../peers.ts'
import type { Contender, ContenderKind, MailDatabase, SeenEmail } from './contender.ts'
import type { MailWrite } from './workload.ts'

/** Stands for any expression type of Drizzle. */
type Expression = object

type Column = Expression & { primaryKey(): Column }
type Columns = Readonly<Record<string, Column>>

interface Core {
  sqliteTable(name: string, columns: Columns): Columns
  text(name: string): Column
  integer(name: string): Column
}

interface Operators {
  and(...conditions: Expression[]): Expression
  desc(column: Expression): Expression
  eq(column: Expression, value: SqlParam): Expression
  gte(column: Expression, value: number): Expression
  inArray(column: Expression, values: readonly SqlParam[]): Expression
  isNull(column: Expression): Expression
  lte(column: Expression, value: number): Expression
}

interface Row {
  readonly id: string
  readonly status: EmailStatus
  readonly priority: EmailPriority
  readonly assigned_to: string | null
  readonly is_read: number
}

interface Select extends PromiseLike<Row[]> {
  from(table: Columns): Select
  where(condition: Expression): Select
  orderBy(...by: Expression[]): Select
  limit(count: number): Select
}

interface Database {
  select(): Select
  insert(table: Columns): { values(row: object): PromiseLike<unknown> }
  update(table: Columns): {
    set(changes: object): { where(condition: Expression): PromiseLike<unknown> }
  }
  delete(table: Columns): { where(condition: Expression): PromiseLike<unknown> }
}

type Callback = (
  sql: string,
  params: SqlParam[],
  method: 'run' | 'all' | 'get' | 'values',
) => Promise<{ readonly rows: unknown[][] }>

interface Requester {
  request(request: { body?: unknown; path?: string[] }): Promise<unknown>
}

const TEXTS = ['thread_id', 'subject', 'body_text', 'body_preview', 'sender_email', 'recipients']
const STATES = ['status', 'priority', 'assigned_to']
const NUMBERS = ['received_at', 'has_attachments', 'is_read', 'created_at', 'updated_at']
/** Without it, entries expire after a second. */
const LIFETIME = { ex: 3_600 }

/** Drizzle on the Redis at `url`, with its cache enabled for every query. */
export function drizzleWithCache(url: string): ContenderKind {
  return {
    name: 'Drizzle, upstashCache',
    async open(database) {
      const core = await loadPeer<Core>('drizzle-orm/sqlite-core')
      const { drizzle } = await loadPeer<{
        drizzle(callback: Callback, config: object): Database
      }>('drizzle-orm/sqlite-proxy')
      const { UpstashCache } = await loadPeer<{
        UpstashCache: new (redis: object, config: object, isGlobal: boolean) => object
      }>('drizzle-orm/cache/upstash')
      const { Redis } = await loadPeer<{ Redis: new (requester: Requester) => object }>(
        '@upstash/redis',
      )
      const transport = tcpTransport({ url })
      const redis = new Redis(withoutFieldExpiry(transport as unknown as Requester))
      const cache = new UpstashCache(redis, LIFETIME, true)
      const db = drizzle(callbackOf(database), { cache })
      const mailbox = new DrizzleMailbox(db, tableOf(core), await loadPeer('drizzle-orm'))
      return {
        read: (query) => mailbox.read(query),
        write: (write) => mailbox.write(write),
        close: async () => transport.close?.(),
      }
    },
  }
}

function tableOf({ sqliteTable, text, integer }: Core): Columns {
  const columns = [
    ['id', text('id').primaryKey()] as const,
    ...[...TEXTS, ...STATES].map((name) => [name, text(name)] as const),
    ...NUMBERS.map((name) => [name, integer(name)] as const),
  ]
  return sqliteTable('emails', Object.fromEntries(columns))
}

/** The mailbox as an application would implement it with Drizzle. */
class DrizzleMailbox implements Pick<Contender, 'read' | 'write'> {
  readonly #db: Database
  readonly #table: Columns
  readonly #is: Operators

  constructor(db: Database, table: Columns, operators: Operators) {
    this.#db = db
    this.#table = table
    this.#is = operators
  }

  async read(query: EmailQuery): Promise<readonly SeenEmail[]> {
    const { and, desc } = this.#is
    const rows = await this.#db
      .select()
      .from(this.#table)
      .where(and(...this.#conditions(query)))
      .orderBy(desc(this.#column('received_at')), desc(this.#column('id')))
      .limit(canonicalize(query).limit)
    return rows.map(({ id, status, priority, assigned_to: assignedTo, is_read }) => {
      return { id, status, priority, assignedTo, isRead: is_read === 1 }
    })
  }

  async write(write: MailWrite): Promise<void> {
    const now = Date.now()
    if (write.kind === 'create') {
      const { email } = write
      await this.#db.insert(this.#table).values({
        id: email.id,
        thread_id: email.threadId,
        subject: email.subject,
        body_text: email.bodyText,
        body_preview: email.bodyText,
        sender_email: email.senderEmail,
        recipients: JSON.stringify(email.recipients?.map((address) => ({ address }))),
        received_at: email.receivedAt,
        has_attachments: Number(email.hasAttachments),
        is_read: Number(email.isRead),
        status: email.status,
        priority: email.priority,
        assigned_to: email.assignedTo,
        created_at: now,
        updated_at: now,
      })
      return
    }
    const isIt = this.#is.eq(this.#column('id'), write.id)
    if (write.kind === 'delete') {
      await this.#db.delete(this.#table).where(isIt)
      return
    }
    const { isRead, status, priority, assignedTo } = write.changes
    const set = {
      updated_at: now,
      ...(isRead !== undefined && { is_read: Number(isRead) }),
      ...(status !== undefined && { status }),
      ...(priority !== undefined && { priority }),
      ...(assignedTo !== undefined && { assigned_to: assignedTo }),
    }
    await this.#db.update(this.#table).set(set).where(isIt)
  }

  #column(name: string): Expression {
    return this.#table[name] as Expression
  }

  /** Supports only the conditions that the workload uses. */
  #conditions(query: EmailQuery): Expression[] {
    const { eq, gte, inArray, isNull, lte } = this.#is
    const [branch = {}, ...others] = canonicalize(query).branches
    if (others.length > 0) throw new Error('The workload asks for alternatives')
    const { assignees, received } = branch
    const [assignee] = assignees ?? []
    const lists = {
      status: branch.statuses,
      priority: branch.priorities,
      sender_email: branch.senderEmails,
      thread_id: branch.threadIds,
    }
    const conditions = Object.entries(lists).flatMap(([name, values]) =>
      values === undefined ? [] : [inArray(this.#column(name), values)],
    )
    const assignedTo = this.#column('assigned_to')
    if (assignee === null) conditions.push(isNull(assignedTo))
    else if (assignee !== undefined) conditions.push(eq(assignedTo, assignee))
    if (branch.isRead !== undefined) {
      conditions.push(eq(this.#column('is_read'), Number(branch.isRead)))
    }
    if (received?.from !== undefined) {
      conditions.push(gte(this.#column('received_at'), received.from))
    }
    if (received?.to !== undefined) conditions.push(lte(this.#column('received_at'), received.to))
    return conditions
  }
}

/** Runs the statements that Drizzle builds, counted as those of the other contenders. */
function callbackOf({ driver }: MailDatabase): Callback {
  return async (sql, params, method) => {
    if (method === 'run') await driver.run(sql, params)
    return { rows: method === 'run' ? [] : await rowsOf(driver, sql, params) }
  }
}

/** Drizzle expects each row as an array of values, in the order of the statement's columns. */
async function rowsOf(driver: SqlDriver, sql: string, params: SqlParam[]): Promise<unknown[][]> {
  return (await driver.all(sql, params)).map((row) => Object.values(row))
}

/**
 * Removes HEXPIRE from requests: Redis before 7.4 does not have it. A run ends long before an entry would
 * expire.
 */
function withoutFieldExpiry(requester: Requester): Requester {
  const isExpiry = (command: unknown): boolean =>
    Array.isArray(command) && String(command[0]).toUpperCase() === 'HEXPIRE'
  return {
    async request({ body, path = [] }) {
      if (path[0] !== 'pipeline' || !Array.isArray(body)) return requester.request({ body, path })
      const sent = body.filter((command) => !isExpiry(command))
      const answers = (await requester.request({ body: sent, path })) as unknown[]
      const left = [...answers]
      return body.map((command) => (isExpiry(command) ? { result: [1] } : left.shift()))
    },
  }
}
