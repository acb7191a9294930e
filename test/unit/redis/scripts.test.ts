import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SEMANTIC_TWINS, TWINS } from '../../../src/redis/embedded/index.ts'
import * as scripts from '../../../src/redis/scripts/protocol.ts'
import { SEEK } from '../../../src/redis/scripts/seek.ts'
import * as semantic from '../../../src/redis/scripts/semantic.ts'

const { SCRIPTS, ...named } = scripts
const byName = Object.entries(named)

describe('The scripts of the protocol', () => {
  test.each([...byName, ['SEEK', SEEK] as const])(
    '%s is named by the SHA-1 of its text',
    (_name, { lua, sha1 }) => {
      expect(createHash('sha1').update(lua).digest('hex')).toBe(sha1)
    },
  )

  test('are all listed exactly once', () => {
    expect(SCRIPTS).toHaveLength(byName.length)
    expect(new Set(SCRIPTS)).toEqual(new Set(byName.map(([, script]) => script)))
  })

  test('each have one twin in the embedded engine', () => {
    expect(TWINS.map(({ sha1 }) => sha1).toSorted()).toEqual(
      [...SCRIPTS, SEEK].map(({ sha1 }) => sha1).toSorted(),
    )
  })

  test('touch only the keys they are given', () => {
    for (const { lua } of SCRIPTS) {
      const keys = [...lua.matchAll(/redis\.call\('[A-Z]+', ([^,)]+)/g)].map(([, key]) => key)
      expect(keys.filter((key) => !/^KEYS\[(\d|i)\]$/.test(key ?? ''))).toEqual([])
      expect(lua).not.toMatch(/KEYS'|'KEYS|SCAN|FLUSH/)
    }
  })
})

describe('The scripts of semantic matching', () => {
  const { SEMANTIC_SCRIPTS, ...byItsName } = semantic

  test.each(Object.entries(byItsName))('%s is named by the SHA-1 of its text', (_name, script) => {
    expect(createHash('sha1').update(script.lua).digest('hex')).toBe(script.sha1)
  })

  test('are all listed exactly once, and each has one twin in the embedded engine', () => {
    expect(new Set(SEMANTIC_SCRIPTS)).toEqual(new Set(Object.values(byItsName)))
    expect(SEMANTIC_TWINS.map(({ sha1 }) => sha1).toSorted()).toEqual(
      SEMANTIC_SCRIPTS.map(({ sha1 }) => sha1).toSorted(),
    )
  })

  test('touch only the keys they are given', () => {
    for (const { lua } of SEMANTIC_SCRIPTS) {
      const keys = [...lua.matchAll(/redis\.call\('(?!TIME)[A-Z]+', ([^,)]+)/g)].map(
        ([, key]) => key,
      )
      expect(keys.filter((key) => !/^KEYS\[(\d|i)\]$/.test(key ?? ''))).toEqual([])
    }
  })
})
