import { expect, test } from 'vitest'
import { visible } from '../../../src/entry/visible.ts'

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
