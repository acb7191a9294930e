/**
 * Runs a workload on a contender, and compares every answer with a fresh query.
 *
 * @module
 */

import type { EmailQuery } from 'nearcache/email'
import {
  type ContenderKind,
  digestOf,
  type MailDatabase,
  openMailDatabase,
  type SeenEmail,
} from './contender.ts'
import { Workload, type WorkloadOptions } from './workload.ts'

/** What a run found. */
export interface SimulationResult {
  readonly reads: number
  readonly writes: number
  /** Reads without any SQL statement. */
  readonly hits: number
  /** Answers that differ from a fresh query. */
  readonly wrong: number
  /** SQL statements of reads. */
  readonly statements: number
}

/** Options of a run: the workload and its length. */
export interface SimulationOptions extends WorkloadOptions {
  readonly operations: number
}

/** Runs a workload, one operation after the other. */
export async function simulate(
  kind: ContenderKind,
  options: SimulationOptions,
): Promise<SimulationResult> {
  const workload = new Workload(options)
  const database = await openMailDatabase()
  for (let i = 0; i < workload.emails.length; i += 1_000) {
    await database.truth.batchCreate(workload.emails.slice(i, i + 1_000))
  }
  const contender = await kind.open(database)
  const result = { reads: 0, writes: 0, hits: 0, wrong: 0 }
  const before = database.counts.reads
  for (let i = 0; i < options.operations; i++) {
    const operation = workload.next()
    if (operation.kind === 'write') {
      result.writes++
      await contender.write(operation.write)
      continue
    }
    const statements = database.counts.reads
    const emails = await contender.read(operation.query)
    result.reads++
    if (database.counts.reads === statements) result.hits++
    if (!(await isTrue(database, operation.query, emails))) result.wrong++
  }
  await contender.close()
  const statements = database.counts.reads - before
  database.db.close()
  return { ...result, statements }
}

async function isTrue(
  { truth }: MailDatabase,
  query: EmailQuery,
  emails: readonly SeenEmail[],
): Promise<boolean> {
  const fresh = await truth.queryEmails(query)
  return fresh.emails.map(digestOf).join('\n') === emails.map(digestOf).join('\n')
}
