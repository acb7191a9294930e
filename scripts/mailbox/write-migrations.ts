/**
 * Writes `migrations/` from the statements in `src/email/schema.ts`, their single source.
 *
 * Usage: `node scripts/mailbox/write-migrations.ts`
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { MIGRATIONS, migrationFile } from '../../src/email/schema.ts'

const folder = new URL('../../migrations/', import.meta.url)

mkdirSync(folder, { recursive: true })
for (const migration of MIGRATIONS) {
  writeFileSync(new URL(migration.name, folder), migrationFile(migration))
  console.log(`migrations/${migration.name}`)
}
