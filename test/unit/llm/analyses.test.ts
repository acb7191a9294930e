import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { EMAIL_PHASES, type EmailPhase, LLMResponseCache } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const MODEL = 'llama3.2:3b'
const DAY_MS = 86_400_000

describe('analyses', () => {
  let platform: ManualPlatform
  let llm: LLMResponseCache

  beforeEach(() => {
    platform = new ManualPlatform()
    const redis = embeddedTransport({ platform })
    llm = new LLMResponseCache({
      cache: new RedisCacheManager({ redis, platform, jitter: 0 }),
      platform,
    })
  })

  test.each(EMAIL_PHASES)(
    'of an e-mail are found by phase (%s), dates and all (defect 4)',
    async (phase) => {
      const analysis = {
        due: new Date('2026-03-01'),
        entities: new Set(['HP-10001']),
        urgent: true,
      }
      await llm.cacheEmailAnalysis('mail-1', phase, analysis, MODEL, {
        processingTime: 1_200,
        confidence: 0.9,
      })

      const cached = await llm.getCachedEmailAnalysis<typeof analysis>('mail-1', phase, MODEL)

      expect(cached).toEqual({
        emailId: 'mail-1',
        phase,
        model: MODEL,
        analysis,
        confidence: 0.9,
        processingTime: 1_200,
        timestamp: platform.now(),
      })
      const others = EMAIL_PHASES.filter((other) => other !== phase)
      for (const other of others)
        expect(await llm.getCachedEmailAnalysis('mail-1', other, MODEL)).toBeUndefined()
    },
  )

  test.each([
    ['another message', 'mail-2', MODEL, {}],
    ['another model', 'mail-1', 'llama3.2:1b', {}],
    ['another build of the model', 'mail-1', MODEL, { modelDigest: 'b' }],
    ['another content', 'mail-1', MODEL, { content: 'Dear Ada, no.' }],
    ['another version of the analysis', 'mail-1', MODEL, { version: '2' }],
    ['another tenant', 'mail-1', MODEL, { tenant: 'acme' }],
  ])('are not found for %s, however similar', async (_what, id, model, origin) => {
    const content = 'Dear Ada, yes.'
    await llm.cacheEmailAnalysis('mail-1', 'llama_analysis', 'yes', MODEL, {
      content,
      modelDigest: 'a',
    })
    const own = { content, modelDigest: 'a' }

    expect(await llm.getCachedEmailAnalysis('mail-1', 'llama_analysis', MODEL, own)).toMatchObject({
      analysis: 'yes',
    })
    const asked = { ...own, ...origin }
    expect(await llm.getCachedEmailAnalysis(id, 'llama_analysis', model, asked)).toBeUndefined()
  })

  test.each([
    [1, 7 * DAY_MS],
    [0.8, 7 * DAY_MS],
    [0.79, 1_800_000],
  ])('with a confidence of %d live for %d ms', async (confidence, ms) => {
    await llm.cacheEmailAnalysis('m', 'pattern_triage', 'x', MODEL, { confidence })
    const find = () => llm.getCachedEmailAnalysis('m', 'pattern_triage', MODEL)

    await platform.advance(ms - 1)
    expect(await find()).toMatchObject({ analysis: 'x', confidence })
    await platform.advance(1)
    expect(await find()).toBeUndefined()
  })

  test.each([
    ['completed', 7 * DAY_MS],
    ['in_progress', 1_800_000],
  ])('of a workflow that is %s live for %d ms', async (state, ms) => {
    await llm.cacheWorkflowAnalysis('w', 'order', { step: 3 }, state, ['mail-1'])
    const find = () => llm.getCachedWorkflowAnalysis('w', 'order')
    expect(await find()).toMatchObject({ analysis: { step: 3 }, state, emailIds: ['mail-1'] })

    await platform.advance(ms - 1)
    expect(await find()).toMatchObject({ analysis: { step: 3 } })
    await platform.advance(1)
    expect(await find()).toBeUndefined()
  })

  test('an invalidation by e-mail drops its analyses and those of its workflows, and no others', async () => {
    await llm.cacheEmailAnalysis('mail-1', 'pattern_triage', 'a', MODEL)
    await llm.cacheEmailAnalysis('mail-2', 'pattern_triage', 'b', MODEL)
    await llm.cacheWorkflowAnalysis('w1', 'order', 'c', 'completed', ['mail-1', 'mail-2'])
    await llm.cacheWorkflowAnalysis('w2', 'order', 'd', 'completed', ['mail-2'])

    await llm.invalidateByEmailId('mail-1')

    expect(await llm.getCachedEmailAnalysis('mail-1', 'pattern_triage', MODEL)).toBeUndefined()
    expect(await llm.getCachedWorkflowAnalysis('w1', 'order')).toBeUndefined()
    expect(await llm.getCachedEmailAnalysis('mail-2', 'pattern_triage', MODEL)).toMatchObject({
      analysis: 'b',
    })
    expect(await llm.getCachedWorkflowAnalysis('w2', 'order')).toMatchObject({ analysis: 'd' })
  })

  test('are invalidated by workflow, thread, mailbox, model and tenant', async () => {
    const options = { threadId: 't', mailbox: 'inbox', tenant: 'acme' }
    const find = () => llm.getCachedEmailAnalysis('m', 'pattern_triage', MODEL, { tenant: 'acme' })
    const ends = [
      () => llm.invalidateByThreadId('t'),
      () => llm.invalidateByMailbox('inbox'),
      () => llm.invalidateModel(MODEL),
      () => llm.invalidateTenant('acme'),
    ]
    for (const end of ends) {
      await llm.cacheEmailAnalysis('m', 'pattern_triage', 'x', MODEL, options)
      expect(await find()).toMatchObject({ analysis: 'x' })
      await end()
      expect(await find()).toBeUndefined()
    }
    await llm.cacheWorkflowAnalysis('w', 'order', 'x', 'completed', [])
    await llm.invalidateByWorkflowId('w')
    expect(await llm.getCachedWorkflowAnalysis('w', 'order')).toBeUndefined()
  })

  test.each<[string, () => Promise<unknown>]>([
    ['phase', () => llm.cacheEmailAnalysis('m', 'deep' as EmailPhase, 'x', MODEL)],
    ['emailId', () => llm.cacheEmailAnalysis('', 'pattern_triage', 'x', MODEL)],
    ['model', () => llm.getCachedEmailAnalysis('m', 'pattern_triage', '')],
    [
      'confidence',
      () => llm.cacheEmailAnalysis('m', 'pattern_triage', 'x', MODEL, { confidence: 1.1 }),
    ],
    [
      'processingTime',
      () => llm.cacheEmailAnalysis('m', 'pattern_triage', 'x', MODEL, { processingTime: -1 }),
    ],
    ['emailIds', () => llm.cacheWorkflowAnalysis('w', 't', 'x', 's', Array(41).fill('a'))],
    ['state', () => llm.cacheWorkflowAnalysis('w', 't', 'x', '', [])],
    ['email', () => llm.invalidateByEmailId('')],
  ])('refuse a bad %s', async (option, run) => {
    await expect(run()).rejects.toThrow(expect.objectContaining({ option }))
  })
})
