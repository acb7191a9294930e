/**
 * Starts applications, each in its own process, with its own mailbox, database and Redis. The load runs in this
 * process.
 *
 * @module
 */

import { copyFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { EmailQuery } from 'nearcache/email'
import { type RedisServer, startRedisServer } from '../../test/support/redis-server.ts'
import { startBridge, startProgram } from '../processes.ts'
import { type AppContender, type AppOrder, Asking } from './app-protocol.ts'
import type { MailWrite, Operation } from './workload.ts'

/** Files, database and Redis of an application. */
export interface Surroundings {
  /** A database file; each application gets a copy. */
  readonly stock: string
  /** The folder for the copies. */
  readonly folder: string
  /** Round trip to the database, in milliseconds; `undefined`: it is in the application's process. */
  readonly roundTripMs?: number
  /** Whether Redis is reached over HTTP, through this package's bridge. */
  readonly isOverHttp?: boolean
}

const NAMES: Readonly<Record<AppContender, string>> = {
  none: 'no cache',
  tag: 'one tag for the table',
  drizzle: 'Drizzle, upstashCache',
  nearcache: 'nearcache',
  near: 'nearcache, near',
  lag: 'nearcache, near, lag 1 s',
}

/** One application. `endAll` ends its process. */
export class App {
  readonly #asking: Asking
  readonly #server: RedisServer
  readonly #places: ReadonlyMap<EmailQuery, number>

  private constructor(asking: Asking, server: RedisServer, queries: readonly EmailQuery[]) {
    this.#asking = asking
    this.#server = server
    this.#places = new Map(queries.map((query, i) => [query, i]))
  }

  static nameOf(contender: AppContender): string {
    return NAMES[contender]
  }

  static async start(
    contender: AppContender,
    queries: readonly EmailQuery[],
    surroundings: Surroundings,
  ): Promise<App> {
    const { stock, folder, isOverHttp = false } = surroundings
    const name = crypto.randomUUID()
    const file = join(folder, `${name}.db`)
    copyFileSync(stock, file)
    const server = await startRedisServer()
    const order: AppOrder = {
      contender,
      database: await databaseOf(file, join(folder, `${name}.sock`), surroundings),
      redis: isOverHttp ? await bridgeTo(server.url) : { url: server.url },
    }
    const program = join(import.meta.dirname, 'app-process.ts')
    const words = [program, JSON.stringify(order)]
    const port = Number(await startProgram(process.execPath, words, /^port (\d+)$/))
    const asking = new Asking(connect(port, '127.0.0.1'))
    const app = new App(asking, server, queries)
    await asking.ask('queries', queries)
    return app
  }

  /** Performs an operation; resolves when it is done. */
  do(operation: Operation): Promise<unknown> {
    return operation.kind === 'read'
      ? this.#asking.ask('read', this.#placeOf(operation.query))
      : this.write(operation.write)
  }

  write(write: MailWrite): Promise<unknown> {
    return this.#asking.ask('write', write)
  }

  /** Reads, and returns whether the answer is the same as that of a fresh query. */
  async check(query: EmailQuery): Promise<boolean> {
    return (await this.#asking.ask('check', this.#placeOf(query))) === true
  }

  /** SQL statements of reads so far, without the fresh queries of checks. */
  async statements(): Promise<number> {
    return Number(await this.#asking.ask('statements'))
  }

  /** CPU time of its process so far, in microseconds. */
  async cpu(): Promise<number> {
    return Number(await this.#asking.ask('cpu'))
  }

  async close(): Promise<void> {
    this.#asking.close()
    await this.#server.stop()
  }

  #placeOf(query: EmailQuery): number {
    const place = this.#places.get(query)
    if (place === undefined) throw new Error('The application was not told of the query')
    return place
  }
}

async function databaseOf(
  file: string,
  socket: string,
  { roundTripMs }: Surroundings,
): Promise<AppOrder['database']> {
  if (roundTripMs === undefined) return { file }
  const program = join(import.meta.dirname, 'database-process.ts')
  await startProgram(
    process.execPath,
    [program, file, socket, String(roundTripMs)],
    /^(listening)$/,
  )
  return { socket }
}

/** Starts this package's bridge in front of a Redis, and returns its address. */
export async function bridgeTo(redis: string): Promise<AppOrder['redis']> {
  const { url, token } = await startBridge(redis)
  return { url, token }
}
