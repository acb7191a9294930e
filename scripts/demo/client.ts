/**
 * A client of the Worker's routes for the demonstration.
 *
 * @module
 */

import type { DateRange } from '../../src/email/conditions.ts'
import type { EmailChanges, NewEmail } from '../../src/email/email.ts'
import type { EmailQuery } from '../../src/email/filter.ts'
import type { SeenEmail } from './ledger.ts'

/** The figures of `/admin/stats` that are shown. */
export interface WorkerStats {
  readonly statements: number
  readonly hits: number
  readonly misses: number
}

/** A client of one Worker. Every method rejects for an unexpected status. */
export class Client {
  readonly #origin: string
  readonly #token: string

  constructor(origin: string, token: string) {
    this.#origin = origin
    this.#token = token
  }

  async list(query: EmailQuery): Promise<SeenEmail[]> {
    const response = await this.#call('GET', `/emails?${parametersOf(query)}`)
    return ((await response.json()) as { emails: SeenEmail[] }).emails
  }

  async read(id: string): Promise<SeenEmail | undefined> {
    const response = await this.#call('GET', `/emails/${encodeURIComponent(id)}`, [200, 404])
    const email = (await response.json()) as SeenEmail
    return response.status === 200 ? email : undefined
  }

  async change(id: string, changes: EmailChanges): Promise<SeenEmail> {
    const path = `/emails/${encodeURIComponent(id)}`
    return (await this.#call('PATCH', path, [200], changes)).json() as Promise<SeenEmail>
  }

  async create(email: NewEmail): Promise<SeenEmail> {
    return (await this.#call('POST', '/emails', [201], email)).json() as Promise<SeenEmail>
  }

  async stats(): Promise<WorkerStats> {
    const response = await this.#call('GET', '/admin/stats')
    const { cache, sql } = (await response.json()) as {
      readonly cache:
        | 'off'
        | { readonly totals: { readonly hits: number; readonly misses: number } }
      readonly sql: { readonly statements: number }
    }
    const { hits, misses } = cache === 'off' ? { hits: 0, misses: 0 } : cache.totals
    return { statements: sql.statements, hits, misses }
  }

  async #call(
    method: string,
    path: string,
    expected: readonly number[] = [200],
    body?: unknown,
  ): Promise<Response> {
    const response = await fetch(`${this.#origin}${path}`, {
      method,
      headers: path.startsWith('/admin') ? { authorization: `Bearer ${this.#token}` } : {},
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (expected.includes(response.status)) return response
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  }
}

/** A query as the parameters of `GET /emails`. */
export function parametersOf({ dateRange, assignedTo, ...rest }: EmailQuery): URLSearchParams {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  if (assignedTo !== undefined) parameters.set('assignedTo', assignedTo ?? '')
  for (const [name, instant] of ends(dateRange)) parameters.set(name, instant)
  return parameters
}

function ends({ start, end }: DateRange = {}): [string, string][] {
  const written = (instant: DateRange['start']): string =>
    typeof instant === 'object' ? String(instant.getTime()) : String(instant)
  return [
    ...(start === undefined ? [] : [['from', written(start)] as [string, string]]),
    ...(end === undefined ? [] : [['to', written(end)] as [string, string]]),
  ]
}
