import type { wrapLanguageModel } from 'ai'
import { describe, expectTypeOf, test } from 'vitest'
import { type CacheMiddleware, cacheMiddleware } from '../../src/llm/ai/index.ts'

type Options = Parameters<typeof wrapLanguageModel>[0]

describe('the types of cacheMiddleware', () => {
  test('fit AI SDK 7, inside a call and separately', () => {
    expectTypeOf({ middleware: cacheMiddleware() }).toExtend<Pick<Options, 'middleware'>>()
    expectTypeOf(cacheMiddleware()).toEqualTypeOf<CacheMiddleware<'v4'>>()
  })

  test('fit AI SDK 6, whose version v3 has to be requested', () => {
    const wrap = (_: { readonly middleware: CacheMiddleware<'v3'> | CacheMiddleware<'v3'>[] }) => {}

    wrap({ middleware: cacheMiddleware({ tenant: 'acme' }) })
    // @ts-expect-error as nothing else is
    wrap({ middleware: { ...cacheMiddleware(), specificationVersion: 'v5' } })
  })
})
