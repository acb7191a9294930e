import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { DATABASES, type OpenDatabase } from './databases.ts'
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

for (const [name, open] of DATABASES) contractOn(name, open)
