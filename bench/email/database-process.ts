/**
 * Simulates a database across a network: SQLite in its own process, which delays each answer until a given
 * time after the request has arrived.
 *
 * @module
 */

import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { SqlParam, SqlStatement } from 'nearcache/email'
import { answerOn } from './app-protocol.ts'
import { openMailDatabase } from './contender.ts'

const [, , file = '', path = '', roundTripMs = '0'] = process.argv
const { driver } = await openMailDatabase(file)

const server = createServer((socket) => {
  answerOn(socket, async ([, kind, ...rest]) => {
    const [answer] = await Promise.all([run(String(kind), rest), delay(Number(roundTripMs))])
    return answer
  })
})
server.listen(path, () => console.log('listening'))

function run(kind: string, rest: readonly unknown[]): Promise<unknown> {
  const [sql, params] = rest as [string, SqlParam[]]
  if (kind === 'all') return driver.all(sql, params)
  if (kind === 'run') return driver.run(sql, params)
  return driver.batch(rest[0] as SqlStatement[])
}
