import { describe, expect, test } from 'vitest'
import { isJson } from '../../../src/llm/schema-check.ts'

describe('isJson', () => {
  test.each(['allOf', 'anyOf'])('ends for circular references side by side in %s', (keyword) => {
    const self = { $ref: '#/$defs/self' }
    const schema = { $defs: { self: { [keyword]: [self, self], type: 'string' } }, ...self }

    expect(isJson('1', schema)).toBeTypeOf('boolean')
  })

  test('applies a recursive schema to each level of a value', () => {
    const schema = {
      type: 'object',
      properties: { next: { $ref: '#' }, at: { type: 'integer' } },
      required: ['at'],
    }

    expect(isJson('{"at":1,"next":{"at":2}}', schema)).toBe(true)
    expect(isJson('{"at":1,"next":{"at":"2"}}', schema)).toBe(false)
  })
})
