import { describe, expect, test } from 'vitest'
import { problemResponse } from '../../../src/web/problem.ts'

describe('problemResponse', () => {
  test('has the members of RFC 9457, and Retry-After as a header alone', async () => {
    const response = problemResponse({
      status: 429,
      type: 'https://example.org/spent',
      title: 'Spent',
      detail: undefined,
      extensions: { 'violated-policies': ['a'] },
      retryAfter: 7,
    })

    expect(response.status).toBe(429)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toEqual({
      status: 429,
      type: 'https://example.org/spent',
      title: 'Spent',
      'violated-policies': ['a'],
    })
  })

  test('has a type though none is given, and the headers that are', async () => {
    const response = problemResponse({ status: 404, title: 'Not found' }, { vary: 'cookie' })

    expect(response.headers.get('vary')).toBe('cookie')
    expect(await response.json()).toEqual({ type: 'about:blank', status: 404, title: 'Not found' })
  })
})
