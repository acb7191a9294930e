import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mapping, ORIGINAL } from '../../../src/cli/upkeep/mapping.ts'
import { readSource } from '../../../src/cli/upkeep/source-value.ts'
import { Template } from '../../../src/cli/upkeep/template.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'

describe('Template', () => {
  test.each([
    ['cache:data:{namespace}:{key}', 'cache:data:email:a:b', { namespace: 'email', key: 'a:b' }],
    ['cache:data:{namespace}:{key}', 'cache:data:email:', undefined],
    ['cache:data:{namespace}:{key}', 'cache:data::a', undefined],
    ['cache:data:{namespace}:{key}', 'cache:datum:email:a', undefined],
    ['{a}-x-{b}.json', '1-x-2-x-3.json', { a: '1', b: '2-x-3' }],
    ['{a}-x-{b}.json', '1-x-2.jso', undefined],
    ['p:{key}', 'p:[*]?\\', { key: '[*]?\\' }],
    ['p:{key}:', 'p:a:b:', { key: 'a:b' }],
    ['p:{key}::', 'p:a:', undefined],
    ['whole', 'whole', {}],
    ['whole', 'wholes', undefined],
  ])('%s takes %s apart', (template, name, gaps) => {
    const found = new Template('from', template).match(name)

    expect(found && Object.fromEntries(found)).toEqual(gaps)
  })

  test('the glob finds exactly the names that match, also with special characters of globs', () => {
    expect(new Template('from', 'a[1]*:{key}?').glob).toBe('a\\[1\\]\\*:*\\?')
  })

  test('a filled name is parsed into the same values', () => {
    const gap = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !text.includes(':'))
    const template = new Template('from', 'a:{x}:b:{y}:{z}')
    fc.assert(
      fc.property(gap, gap, fc.string({ minLength: 1 }), (x, y, z) => {
        const gaps = new Map([
          ['x', x],
          ['y', y],
          ['z', z],
        ])

        expect(template.match(template.fill(gaps))).toEqual(gaps)
      }),
    )
  })
})

describe('Mapping', () => {
  test('of the original format uses namespace and key', () => {
    const mapping = new Mapping({ ...ORIGINAL, tags: [] })

    expect(mapping.of('cache:data:default:1')).toMatchObject({ path: ['default'], key: '1' })
    expect(mapping.of('cache:data:email:query:1')).toEqual({
      path: ['default', 'email'],
      key: 'query:1',
      tags: [],
    })
    // `cache.namespace('api/mail')` is one namespace, not two.
    expect(mapping.of('cache:data:api/mail:1')).toMatchObject({ path: ['default', 'api/mail'] })
    expect(mapping.of('cache:tags:email:1')).toBeUndefined()
  })

  test('of any other format uses its templates', () => {
    const mapping = new Mapping({
      from: 'app:{tenant}:user:{id}',
      key: 'user:{id}',
      namespace: 'tenants/{tenant}',
      tags: ['user:{id}', 'users'],
    })

    expect(mapping.of('app:acme:user:7')).toEqual({
      path: ['tenants', 'acme'],
      key: 'user:7',
      tags: ['user:7', 'users'],
    })
  })

  test.each(['{key}/{key}', 'outer//inner', '/{key}', '{other}'])(
    'refuses the namespace %s',
    (namespace) => {
      expect(() => new Mapping({ ...ORIGINAL, tags: [], namespace })).toThrow(UsageError)
    },
  )
})

describe('readSource', () => {
  const json = JSON.stringify({ text: 'Grüezi '.repeat(300) })
  const compressed = `compressed:${gzipSync(json).toString('base64')}`

  test('reads JSON, compressed or not, and text as it is', () => {
    expect(readSource('{"a":1}', 'json', 100)).toEqual({ kind: 'value', value: { a: 1 } })
    expect(readSource('null', 'json', 100)).toEqual({ kind: 'value', value: null })
    expect(readSource(compressed, 'json', 10_000)).toEqual({
      kind: 'value',
      value: JSON.parse(json),
    })
    expect(readSource('compressed:', 'text', 100)).toEqual({ kind: 'value', value: 'compressed:' })
  })

  test.each(['', '{', 'compressed:', 'compressed:####', 'compressed:AAAA', 'undefined'])(
    '%j is no value',
    (text) => {
      expect(readSource(text, 'json', 100)).toEqual({ kind: 'unreadable' })
    },
  )

  test('a text that exceeds the limit when decompressed is unreadable', () => {
    expect(readSource(compressed, 'json', 1_000)).toEqual({ kind: 'unreadable' })
  })
})
