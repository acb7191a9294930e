/**
 * Runs the story as a program, followed by what only servers can do, and prints the results as JSON.
 *
 * Reads `URL`, `TOKEN`, `SILENT_URL` and `RUNTIME` from the environment, and `TCP_URL` if there is a Redis.
 *
 * @module
 */

import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { restTransport, type Transport } from 'nearcache'
import { CachedEmailRepository, migrate, toSqlDriver } from 'nearcache/email'
import { nodeFetch } from 'nearcache/redis/node'
import { tcpTransport } from 'nearcache/redis/tcp'
import { cacheManager, startupCacheSystem } from 'nearcache/startup'
import { keep, readAtOnce, type Sights, tell } from './story.ts'

const { URL: url = '', TOKEN: token = '', SILENT_URL: silentUrl = '' } = process.env
const { RUNTIME: runtime = '', TCP_URL: tcpUrl } = process.env

const seen: Record<string, unknown> = { ...(await tell({ url, token, silentUrl, runtime })) }
const redis = (): Transport => restTransport({ url, token, fetch: nodeFetch() })
seen['values, by sockets of Node'] = await keep({ redis: redis(), prefix: `node-${runtime}` })
seen['a thousand at once, by sockets of Node'] = await readAtOnce({
  redis: redis(),
  prefix: `n-${runtime}`,
})
if (tcpUrl) Object.assign(seen, await overTcp(tcpUrl))
seen['mail'] = await queryMail()
seen['start-up'] = await startUp()
console.log(JSON.stringify(seen))

async function overTcp(url: string): Promise<Sights> {
  return {
    'values over TCP': await keep({ redis: tcpTransport({ url }), prefix: `tcp-${runtime}` }),
    'a thousand at once over TCP': await readAtOnce({
      redis: tcpTransport({ url }),
      prefix: `t-${runtime}`,
    }),
  }
}

async function queryMail(): Promise<unknown> {
  const db = new DatabaseSync(':memory:')
  await migrate(toSqlDriver(db))
  const { emails } = await new CachedEmailRepository({ db }).queryEmails({ limit: 50 })
  return emails.length
}

/** Without a Redis in the environment, the default system runs in memory. */
async function startUp(): Promise<unknown> {
  await startupCacheSystem()
  await cacheManager.set('key', 1)
  return cacheManager.get('key')
}
