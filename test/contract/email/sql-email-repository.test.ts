import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { type OpenDatabase, openD1, openNodeSqlite, openStrictSqlite } from './databases.ts'
import { repositoryContract } from './repository-contract.ts'

function contractOn(name: string, open: () => Promise<OpenDatabase>): void {
  repositoryContract(name, async (platform) => {
    const { db, driver, close } = await open()
    return {
      repository: new SqlEmailRepository({ db, platform }),
      empty: async () => {
        await driver.run('DELETE FROM emails', [])
        await driver.run('DELETE FROM workflow_chains', [])
      },
      close,
    }
  })
}

contractOn('node:sqlite', openNodeSqlite)
contractOn('a database with the rules of better-sqlite3', openStrictSqlite)
contractOn('D1', openD1)
