import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SESSION_TWINS } from '../../../src/redis/embedded/index.ts'
import * as scripts from '../../../src/redis/scripts/session.ts'
import * as storeScripts from '../../../src/redis/scripts/store.ts'
import * as userScripts from '../../../src/redis/scripts/user.ts'

const { SESSION_SCRIPTS, REPEATABLE_SESSION_SCRIPTS, ...sessionNamed } = scripts
const { CLOCK: _clock, EPOCH: _epoch, ...userNamed } = userScripts
const byName = Object.entries({ ...sessionNamed, ...userNamed, ...storeScripts })

describe('The scripts of sessions', () => {
  test.each(byName)('%s is named by the SHA-1 of its text', (_name, { lua, sha1 }) => {
    expect(createHash('sha1').update(lua).digest('hex')).toBe(sha1)
  })

  test('are all listed exactly once', () => {
    expect(SESSION_SCRIPTS).toHaveLength(byName.length)
    expect(new Set(SESSION_SCRIPTS)).toEqual(new Set(byName.map(([, script]) => script)))
  })

  test('each have one twin in the embedded engine', () => {
    expect(SESSION_TWINS.map(({ sha1 }) => sha1).toSorted()).toEqual(
      SESSION_SCRIPTS.map(({ sha1 }) => sha1).toSorted(),
    )
  })

  test('may be retried, except those whose late copy could undo another write', () => {
    const others = SESSION_SCRIPTS.filter((script) => !REPEATABLE_SESSION_SCRIPTS.includes(script))

    expect(others).toEqual([
      scripts.SAVE,
      userScripts.USER_PUT,
      storeScripts.STORE_PUT,
      storeScripts.STORE_COUNT,
    ])
  })

  test('touch only the keys they are given', () => {
    for (const { lua } of SESSION_SCRIPTS) {
      const keys = [...lua.matchAll(/redis\.p?call\('[A-Z]+', ([^,)]+)/g)].map(([, key]) => key)
      // `user` and `index` are the parameters of the function that creates an epoch.
      const foreign = keys.filter((key) => !/^(?:KEYS\[\d\]|user|index)$/.test(key ?? ''))
      expect(foreign).toEqual([])
      for (const [, user, index] of lua.matchAll(/(?<!function )epoch\(([^,]+), ([^,]+),/g)) {
        expect([user, index].every((key) => key?.startsWith('KEYS['))).toBe(true)
      }
    }
  })
})
