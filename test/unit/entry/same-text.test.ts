import { expect, test } from 'vitest'
import { isSameText } from '../../../src/entry/same-text.ts'

test.each([
  ['', '', true],
  ['signature', 'signature', true],
  ['signature', 'signaturf', false],
  ['signature', 'tignature', false],
  ['signature', 'signatur', false],
  ['ü', 'ü', true],
])('"%s" and "%s" are the same: %s', (one, other, same) => {
  expect(isSameText(one, other)).toBe(same)
})
