import { describe, expect, test } from 'vitest'
import { listMembers } from '../../../src/web/list-field.ts'

describe('listMembers', () => {
  test.each<[field: string | null, members: readonly string[]]>([
    [null, []],
    [' , ,', []],
    ['a, b ,c', ['a', 'b', 'c']],
    ['"a, b", c', ['"a, b"', 'c']],
    ['x="a\\", b", c', ['x="a\\", b"', 'c']],
    ['"a", "b, c', ['"a"', '"b', 'c']],
    ['"a\\", b', ['"a\\"', 'b']],
  ])('splits %s at the commas outside of quotes', (field, members) => {
    expect(listMembers(field)).toEqual(members)
  })

  test('looks for the end of a quote that is not closed once, and of none behind it', () => {
    expect(listMembers(`"${'\\"'.repeat(1_000_000)}, b`)).toHaveLength(2)
  })
})
