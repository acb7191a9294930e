import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository } from '../../../src/email/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { openNodeSqlite } from '../../contract/email/databases.ts'
import { repositoryContract } from '../../contract/email/repository-contract.ts'

repositoryContract('node:sqlite behind the cache', async (platform) => {
  const { db, driver, close } = await openNodeSqlite()
  const cache = new RedisCacheManager({ redis: embeddedTransport(), platform })
  return {
    repository: new CachedEmailRepository({ db, cache, platform }),
    empty: async () => {
      await driver.run('DELETE FROM emails', [])
      await cache.namespace('email').clear()
    },
    close,
  }
})
