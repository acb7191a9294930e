/**
 * An application with a mailbox, in its own process: answers the requests of the load.
 *
 * @module
 */

import { type AddressInfo, createServer } from 'node:net'
import type { EmailQuery } from 'nearcache/email'
import { type AppContender, type AppOrder, type AppRequest, answerOn } from './app-protocol.ts'
import {
  type ContenderKind,
  digestOf,
  type MailDatabase,
  openMailDatabase,
  openRemoteDatabase,
} from './contender.ts'
import {
  cachedRepository,
  type KindOf,
  lagRepository,
  nearRepository,
  noCache,
  tableTag,
} from './contenders.ts'
import { drizzleWithCache } from './drizzle.ts'

const KINDS: Readonly<Record<AppContender, KindOf>> = {
  none: () => noCache,
  tag: tableTag,
  drizzle: (redis) => drizzleWithCache(redis?.url ?? ''),
  nearcache: cachedRepository,
  near: nearRepository,
  lag: lagRepository,
}

const order = JSON.parse(process.argv[2] ?? '') as AppOrder
const database: MailDatabase =
  'file' in order.database
    ? await openMailDatabase(order.database.file)
    : await openRemoteDatabase(order.database.socket)
const kind: ContenderKind = KINDS[order.contender](order.redis)
const contender = await kind.open(database)
let queries: readonly EmailQuery[] = []

function queryAt(index: number): EmailQuery {
  const query = queries[index]
  if (query === undefined) throw new Error('There is no such query')
  return query
}

async function answer(request: AppRequest): Promise<unknown> {
  switch (request[1]) {
    case 'queries':
      queries = request[2]
      return queries.length
    case 'read':
      return (await contender.read(queryAt(request[2]))).length
    case 'check': {
      const emails = await contender.read(queryAt(request[2]))
      const fresh = await database.truth.queryEmails(queryAt(request[2]))
      return fresh.emails.map(digestOf).join('\n') === emails.map(digestOf).join('\n')
    }
    case 'write':
      await contender.write(request[2])
      return true
    case 'statements':
      return database.counts.reads
    case 'cpu': {
      const { user, system } = process.cpuUsage()
      return user + system
    }
  }
}

const server = createServer((socket) => {
  answerOn(socket, (request) => answer(request as AppRequest))
})
server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`)
})
