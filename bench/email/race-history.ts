/**
 * The history of a mailbox, and what a query would have returned at each of its states. The database itself
 * records the history, in the transaction of each change.
 *
 * An answer is right if its list is what a fresh query would have returned at some instant between the start
 * and the end of the read, and if each of its messages is as it was at some such instant. The repository
 * promises no more. Whether a single instant fits list and messages is counted separately.
 *
 * @module
 */

import type { DatabaseSync } from 'node:sqlite'
import {
  canonicalize,
  compareInOrder,
  type EmailImage,
  type EmailQuery,
  matchesImage,
} from 'nearcache/email'
import { digestOf } from './contender.ts'
import type { SeenAnswer } from './race-protocol.ts'

const IMAGE = (row: string): string => `json_object(
  'id', ${row}.id, 'status', ${row}.status, 'priority', ${row}.priority,
  'assignedTo', ${row}.assigned_to, 'isRead', ${row}.is_read, 'receivedAt', ${row}.received_at,
  'senderEmail', ${row}.sender_email, 'threadId', ${row}.thread_id)`

/** Triggers run within the statement, so a change and its history are one transaction. */
const HISTORY = `
CREATE TABLE history (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, image TEXT);
CREATE TABLE origin AS SELECT id, ${IMAGE('emails')} AS image FROM emails;
CREATE TRIGGER history_stored AFTER INSERT ON emails BEGIN
  INSERT INTO history (id, image) VALUES (new.id, ${IMAGE('new')});
END;
CREATE TRIGGER history_changed AFTER UPDATE ON emails BEGIN
  INSERT INTO history (id, image) VALUES (new.id, ${IMAGE('new')});
END;
CREATE TRIGGER history_deleted AFTER DELETE ON emails BEGIN
  INSERT INTO history (id, image) VALUES (old.id, NULL);
END`

/** Starts the history of a mailbox with its present messages. */
export function beginHistory(db: DatabaseSync): void {
  db.exec(HISTORY)
}

/** A value that holds from one state on, until the next version. */
interface Version<T> {
  readonly from: number
  readonly value: T
}

type Page = readonly string[]

/** An answer compared with the states between the start and the end of its read. */
export interface Verdict {
  readonly isListRight: boolean
  /** Messages that are right at none of these states. */
  readonly wrongEmails: number
  /** Whether the whole answer is right at one state. */
  readonly isOneState: boolean
}

/** All the states that a mailbox has been in. */
export class MailHistory {
  readonly #origin: ReadonlyMap<string, EmailImage>
  readonly #changes: readonly (readonly [id: string, image: EmailImage | undefined])[]
  readonly #emails = new Map<string, Version<string | undefined>[]>()
  readonly #queries: readonly EmailQuery[]
  readonly #pages = new Map<number, readonly Version<Page>[]>()

  constructor(db: DatabaseSync, queries: readonly EmailQuery[]) {
    this.#queries = queries
    const read = (sql: string): [id: string, image: EmailImage | undefined][] =>
      db
        .prepare(sql)
        .all()
        .map((row) => [String(row['id']), toImage(row['image'])])
    const origin = read('SELECT id, image FROM origin')
    this.#origin = new Map(origin.flatMap(([id, image]) => (image ? [[id, image] as const] : [])))
    this.#changes = read('SELECT id, image FROM history ORDER BY seq')
    for (const [id, image] of origin) this.#emails.set(id, [{ from: 0, value: lineOf(image) }])
    this.#changes.forEach(([id, image], i) => {
      const versions = this.#emails.get(id) ?? [{ from: 0, value: undefined }]
      this.#emails.set(id, [...versions, { from: i + 1, value: lineOf(image) }])
    })
  }

  /** The last state, which is the number of changes. */
  get end(): number {
    return this.#changes.length
  }

  judge({ query, from, to, emails }: SeenAnswer): Verdict {
    const ids = emails.map(idOf).join()
    const pages = during(this.#pagesOf(query), from, to)
    const wrong = emails.filter(
      (line) => !during(this.#linesOf(line), from, to).some(({ value }) => value === line),
    )
    const isListRight = pages.some(({ value }) => value.join() === ids)
    const isRight = isListRight && wrong.length === 0
    return {
      isListRight,
      wrongEmails: wrong.length,
      isOneState: isRight && this.#isOneState({ query, from, to, emails }),
    }
  }

  #isOneState({ query, from, to, emails }: SeenAnswer): boolean {
    for (let at = from; at <= to; at++) {
      const [page] = during(this.#pagesOf(query), at, at)
      const lines = emails.map((line) => during(this.#linesOf(line), at, at)[0]?.value)
      const isPage = page?.value.join() === emails.map(idOf).join()
      if (isPage && lines.every((line, i) => line === emails[i])) return true
    }
    return false
  }

  #linesOf(line: string): readonly Version<string | undefined>[] {
    return this.#emails.get(idOf(line)) ?? []
  }

  #pagesOf(index: number): readonly Version<Page>[] {
    const known = this.#pages.get(index)
    if (known !== undefined) return known
    const pages = this.#replay(this.#queries[index] ?? {})
    this.#pages.set(index, pages)
    return pages
  }

  /** All pages that the query has returned over time. */
  #replay(asked: EmailQuery): Version<Page>[] {
    const query = canonicalize(asked)
    const matches = (image: EmailImage | undefined): image is EmailImage =>
      image !== undefined && matchesImage(image, query, () => true)
    const listed = new Map([...this.#origin].filter(([, image]) => matches(image)))
    const pageNow = (): Page =>
      [...listed.values()]
        .sort((a, b) => compareInOrder(a, b, query.order))
        .slice(0, query.limit)
        .map(({ id }) => id)
    const pages: Version<Page>[] = [{ from: 0, value: pageNow() }]
    this.#changes.forEach(([id, image], i) => {
      const wasListed = listed.delete(id)
      if (matches(image)) listed.set(id, image)
      else if (!wasListed) return
      pages.push({ from: i + 1, value: pageNow() })
    })
    return pages
  }
}

/** The versions that held at any state from `from` to `to`, both included. */
function during<T>(
  versions: readonly Version<T>[],
  from: number,
  to: number,
): readonly Version<T>[] {
  return versions.filter((version, i) => {
    const until = versions[i + 1]?.from ?? Number.POSITIVE_INFINITY
    return version.from <= to && until > from
  })
}

function idOf(line: string): string {
  return line.slice(0, line.indexOf(','))
}

function lineOf(image: EmailImage | undefined): string | undefined {
  return image && digestOf(image)
}

/** Parses a recorded message: the fields that the workload uses. */
function toImage(text: unknown): EmailImage | undefined {
  if (typeof text !== 'string') return undefined
  const image = JSON.parse(text) as EmailImage
  return { ...image, isRead: Boolean(image.isRead) }
}
