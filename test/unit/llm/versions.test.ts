import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const MODEL = 'm'
const TAGS = ['model:m', 'tenant:#47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU']

describe('answers that an earlier version has stored', () => {
  let cache: RedisCacheManager
  let llm: LLMResponseCache

  beforeEach(() => {
    const platform = new ManualPlatform()
    cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    llm = new LLMResponseCache({ cache, platform })
  })

  // The exact names; they must not change with the code, because each stored answer was paid for.
  test('are found under their names', async () => {
    await llm.cacheLLMResponse('git branch -D', 'Deletes.', MODEL)

    const name = 'answer/I3et1fwYhD-8LnLIU0xrWSF3uj_yHZrPOvLLe4S3e3A'
    const { value } = await cache.namespace('llm').lookup(name, { tags: TAGS })
    expect(value).toMatchObject({ format: 1, shape: 'value', parts: ['Deletes.'] })
  })

  test('are not served for prompts that the earlier version treated as the same, and this one does not', async () => {
    await llm.cacheLLMResponse('git branch -D', 'Deletes, merged or not.', MODEL)
    // An earlier version also folded the case of options, so the question below led to that answer.
    const name = 'folded/3FjQ-yaSBUS8JDDc73B1J-34v1ERS6fIlGNZEPsziSk'
    const id = 'I3et1fwYhD-8LnLIU0xrWSF3uj_yHZrPOvLLe4S3e3A'
    await cache.namespace('llm').set(name, id, { tags: TAGS })

    expect(await llm.getCachedLLMResponse('git branch -d', MODEL)).toBeUndefined()
  })

  // A change of how prompts are folded changes these names, and must increase `FOLDING`.
  test('have names that depend on how prompts are folded', async () => {
    const prompts = ['Why is  the Sky blue?', 'A `Map`  of US\n  x -D \\D I', 'Été?\n\n  ok 。！']
    for (const prompt of prompts) await llm.cacheLLMResponse(prompt, 'So.', MODEL)

    const names: string[] = []
    for await (const name of cache.namespace('llm').keys()) names.push(name)
    expect(names.filter((name) => name.startsWith('folded/')).sort()).toEqual([
      'folded/WeLN8XWxgpgv6RRM9exdtgb-1RU5_81fdwJzVC1xHIk',
      'folded/bXtCCczxVU4HqZC6_tIWlU_2CLz8LGeGQXCKSMxU72k',
      'folded/qUn1equbN2VOjaH0mZ625rbQYIv8nlcuKsY4VpLsQeg',
    ])
  })
})
