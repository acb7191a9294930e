import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { examplesOf, runnable } from '../../scripts/package/examples.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

describe('the examples of the README', () => {
  test('can all be run: everything that they declare is supplied', () => {
    const examples = examplesOf(README)

    expect(examples.map(({ title }) => title)).toEqual([
      'twenty lines',
      'start-up',
      'mail',
      'language models',
    ])
    for (const example of examples) expect(runnable(example)).not.toMatch(/^declare /m)
  })

  test('are rejected if there is no way to run one of them', () => {
    expect(() => examplesOf(`${README}\n\`\`\`ts\nunknown()\n\`\`\`\n`)).toThrow('no setting')
  })
})
