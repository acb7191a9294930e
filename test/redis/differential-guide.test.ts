import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EmbeddedRedis } from '../../src/redis/embedded/index.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/guides/embedded.md'), 'utf8')
const NAMES = [...new EmbeddedRedis().commands.keys()]

interface Row {
  readonly answered: readonly string[]
  readonly leftOut: readonly string[]
}

/** The commands in a table cell. Sub-commands are in parentheses. */
function commandsIn(cell = ''): string[] {
  return Array.from(
    cell.replaceAll(/\(.*?\)/g, '').matchAll(/`([A-Z_-]+)`/g),
    ([, name]) => `${name}`,
  )
}

function readTable(): Map<string, Row> {
  const rows = new Map<string, Row>()
  for (const [, group = '', answered, leftOut] of GUIDE.matchAll(
    /^\| ([a-z][a-z-]+) +\|(.*?)\|(.*?)\|$/gm,
  )) {
    rows.set(group, { answered: commandsIn(answered), leftOut: commandsIn(leftOut) })
  }
  return rows
}

describeWithRedis('the guide to the embedded engine', () => {
  let server: RedisServer
  let client: Redis

  beforeAll(async () => {
    server = await startRedisServer()
    client = new Redis(server.port, { protocol: 2 })
  })

  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })

  test('lists every command of Redis 7.0 in its group, as answered or left out', async () => {
    const documents = (await client.call('COMMAND', 'DOCS')) as [string, string[]]
    const groups = new Map<string, string[]>()
    for (let index = 0; index < documents.length; index += 2) {
      const properties = documents[index + 1] as unknown as string[]
      const group = String(properties[properties.indexOf('group') + 1])
      const name = String(documents[index]).toUpperCase()
      groups.set(group, [...(groups.get(group) ?? []), name].sort())
    }

    const told = [...readTable()].map(([group, { answered, leftOut }]) => [
      group,
      [...answered, ...leftOut].sort(),
    ])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(groups))
  })

  test('lists exactly the commands of the engine as answered, and states their number', () => {
    const answered = [...readTable().values()].flatMap((row) => row.answered)

    expect(answered.toSorted()).toEqual(NAMES.toSorted())
    expect(Number(/answers (\d+) commands/.exec(GUIDE)?.[1])).toBe(NAMES.length)
  })
})
