import { describe, expect, test } from 'vitest'
import { parseCacheControl, parseTargeted, seconds } from '../../../src/http/directives.ts'

const read = (field: string): Record<string, string | true> =>
  Object.fromEntries(parseCacheControl(field))

describe('parseCacheControl', () => {
  test.each<[field: string, directives: Record<string, string | true>]>([
    ['', {}],
    ['no-store', { 'no-store': true }],
    ['MaX-aGe=60, No-StOrE', { 'max-age': '60', 'no-store': true }],
    ['max-age="60"', { 'max-age': '60' }],
    ['max-age=1800, max-age=1', { 'max-age': '1800' }],
    ['extension="max-age=3600", max-age=1', { extension: 'max-age=3600', 'max-age': '1' }],
    ['no-cache="a, b" , public', { 'no-cache': 'a, b', public: true }],
    ['x="a\\"b", public', { x: 'a"b', public: true }],
    ['max-age =60, public', { public: true }],
    [',, public,', { public: true }],
    ['x="open, public', { public: true }],
  ])('reads %s', (field, directives) => {
    expect(read(field)).toEqual(directives)
  })

  test.each([
    ['quotes', '"'.repeat(20_001) + '=,'.repeat(20_000)],
    ['a quote that is not closed, and escaped ones', `"${'\\"'.repeat(1_000_000)}`],
    ['an argument that is not closed, and escaped quotes', `x="${'\\"'.repeat(1_000_000)}`],
  ])('parses any text in linear time: %s', (_what, field) => {
    expect(parseCacheControl(field).size).toBe(0)
  })
})

describe('seconds', () => {
  test.each([
    ['max-age=60', 60],
    ['max-age=003600', 3_600],
    ['max-age=99999999999', 2_147_483_648],
    ['max-age=-1', 0],
    ["max-age='3600'", 0],
    ['max-age=3600.5', 0],
    ['max-age', 0],
    ['public', undefined],
  ])('of %s are %s', (field, expected) => {
    expect(seconds(parseCacheControl(field), 'max-age')).toBe(expected)
  })
})

describe('parseTargeted', () => {
  test.each<[field: string, directives: Record<string, string | true>]>([
    ['max-age=60', { 'max-age': '60' }],
    ['no-store, max-age=60;foo=bar;baz', { 'no-store': true, 'max-age': '60' }],
    ['max-age=1, max-age=2', { 'max-age': '2' }],
    ['private=?1, public=?0', { private: true }],
    ['max-age="60", no-store', { 'no-store': true }],
    ['x=:aGk=:, y=token/1, no-cache', { 'no-cache': true }],
  ])('reads %s as a dictionary', (field, directives) => {
    expect(Object.fromEntries(parseTargeted(field) ?? [])).toEqual(directives)
  })

  test.each([
    '',
    ' ',
    'max-age=60, &&&&',
    'MaX-aGe=60',
    'max-age =60',
    'max-age= 60',
    'a=1,',
    'a=(1 2)',
    'max-age="60"',
  ])('ignores the field if it is %j', (field) => {
    expect(parseTargeted(field)).toBeUndefined()
  })
})
