/**
 * The interface of the contenders on a mailbox: they answer queries and perform writes, on a SQL database that
 * counts statements.
 *
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import {
  type Email,
  type EmailQuery,
  migrate,
  type SqlDriver,
  SqlEmailRepository,
  type SqlRow,
  toSqlDriver,
} from 'nearcache/email'
import { Asking } from './app-protocol.ts'
import type { MailWrite } from './workload.ts'

/** The part of a message that is compared: its id, and the fields that the workload changes. */
export type SeenEmail = Pick<Email, 'id' | 'status' | 'priority' | 'assignedTo' | 'isRead'>

/** A message of an answer as one line of text. */
export function digestOf({ id, status, priority, assignedTo, isRead }: SeenEmail): string {
  return [id, status, priority, assignedTo, Number(isRead)].join()
}

/** A mailbox, served by one contender. */
export interface Contender {
  /** Answers the messages of the page, in order. */
  read(query: EmailQuery): Promise<readonly SeenEmail[]>
  write(write: MailWrite): Promise<void>
  close(): Promise<void>
}

/** Opens a contender on a database that already contains the messages. */
export interface ContenderKind {
  readonly name: string
  open(database: MailDatabase): Promise<Contender>
}

/** The database of one contender. */
export interface MailDatabase {
  /** Counts the statements that go through it. */
  readonly driver: SqlDriver
  /** Statements of reads so far: SELECTs outside transactions. */
  readonly counts: { reads: number }
  /** Queries the database directly: what is true at this instant. Its statements are not counted. */
  readonly truth: SqlEmailRepository
}

/** A database in this process. */
export interface OpenDatabase extends MailDatabase {
  readonly db: DatabaseSync
}

/** For several processes: readers do not wait for writers, and writers wait for each other. */
const FOR_SEVERAL =
  'PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL'

/** Opens a database, in memory or in a file. */
export async function openMailDatabase(path: string = ':memory:'): Promise<OpenDatabase> {
  const db = new DatabaseSync(path)
  if (path !== ':memory:') db.exec(FOR_SEVERAL)
  const plain = toSqlDriver(db)
  await migrate(plain)
  return { db, ...counted(plain) }
}

/** Connects to the database of a `database-process.ts` that listens at `path`. */
export async function openRemoteDatabase(path: string): Promise<MailDatabase> {
  const socket = connect(path)
  await once(socket, 'connect')
  const asking = new Asking(socket)
  return counted({
    all: (sql, params) => asking.ask('all', sql, params) as Promise<SqlRow[]>,
    run: (sql, params) => asking.ask('run', sql, params) as Promise<{ changes: number }>,
    batch: (statements) => asking.ask('batch', statements) as Promise<SqlRow[][]>,
  })
}

function counted(plain: SqlDriver): MailDatabase {
  const counts = { reads: 0 }
  const driver: SqlDriver = {
    all: (sql, params) => {
      if (/^\s*select/i.test(sql)) counts.reads++
      return plain.all(sql, params)
    },
    run: (sql, params) => plain.run(sql, params),
    batch: (statements) => plain.batch(statements),
  }
  return { driver, counts, truth: new SqlEmailRepository({ db: plain }) }
}

/** Performs a write on a repository. */
export async function applyWrite(
  repository: Pick<SqlEmailRepository, 'createEmail' | 'updateEmail' | 'deleteEmail'>,
  write: MailWrite,
): Promise<void> {
  switch (write.kind) {
    case 'create':
      await repository.createEmail(write.email)
      return
    case 'update':
      await repository.updateEmail(write.id, write.changes)
      return
    case 'delete':
      await repository.deleteEmail(write.id)
  }
}
