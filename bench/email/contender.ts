/**
 * What takes part in the runs on a mailbox: something that answers queries and is told of writes,
 * over a SQL whose statements are counted.
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

/** What an answer is held to: the message, and all of it that the workload changes. */
export type SeenEmail = Pick<Email, 'id' | 'status' | 'priority' | 'assignedTo' | 'isRead'>

/** A message as an answer showed it, in a line. */
export function digestOf({ id, status, priority, assignedTo, isRead }: SeenEmail): string {
  return [id, status, priority, assignedTo, Number(isRead)].join()
}

/** A mailbox in the hands of one contender. */
export interface Contender {
  /** Answers the messages of the page, in order. */
  read(query: EmailQuery): Promise<readonly SeenEmail[]>
  write(write: MailWrite): Promise<void>
  close(): Promise<void>
}

/** How a contender is set up on a database that has its messages already. */
export interface ContenderKind {
  readonly name: string
  open(database: MailDatabase): Promise<Contender>
}

/** A database of one contender. */
export interface MailDatabase {
  /** Counts what goes through it. */
  readonly driver: SqlDriver
  /** Statements of reads so far: SELECTs outside transactions. */
  readonly counts: { reads: number }
  /** Past everything: what is true at this instant. */
  readonly truth: SqlEmailRepository
}

/** One that is in this process. */
export interface OpenDatabase extends MailDatabase {
  readonly db: DatabaseSync
}

/** Readers do not wait for writers, and these wait for each other. */
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

/** The database of a `database-process.ts` that listens there. */
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

/** Makes a write to a repository. */
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
