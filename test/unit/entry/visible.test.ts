import { expect, test } from 'vitest'
import { readablePath, visible, visibleLiteral } from '../../../src/entry/visible.ts'

test.each([
  ['user:1 ä 日本 <b>', 'user:1 ä 日本 <b>'],
  ['\u001b[31mred\u0000\n', '\\x1b[31mred\\x00\\x0a'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['a\u2066b\u2069\u200f\u061c', 'a\\u2066b\\u2069\\u200f\\u061c'],
  ['\u0085', '\\x85'],
  ['👩\u200d💻', '👩\u200d💻'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('a literal means the same after characters that a terminal would obey are escaped', () => {
  const text = JSON.stringify(['\u202egnp', '\u009b2J\u007f', 'a\u2028b', 'ä 日本'], null, 1)

  const shown = visibleLiteral(text)

  expect(shown).toBe('[\n "\\u202egnp",\n "\\u009b2J\\u007f",\n "a\\u2028b",\n "ä 日本"\n]')
  expect(JSON.parse(shown)).toEqual(JSON.parse(text))
})

test.each([
  ['default/users', 'default/users'],
  ['gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC', 'größe/日本'],
  ['a%2Fb/100%25', 'a%2Fb/100%25'],
  ['a%20b/%2A/x:y', 'a b/*/x:y'],
  ['%E2%80%AEgnp', '%E2%80%AEgnp'],
  ['%FF/half%C3', '%FF/half%C3'],
  ['100%/\u001b', '100%/\\x1b'],
])('the path %s is shown as %j', (path, shown) => {
  expect(readablePath(path)).toBe(shown)
})
