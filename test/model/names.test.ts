import { describe, expect, test } from 'vitest'
import { sourceFiles } from '../package/imports.ts'
import { STEPS, type StepName } from './names.ts'

/** Steps of the library that the model leaves out, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  disown:
    'is a release by the nonce, at any time later: a lease of the model may be lost at any time',
  prolong:
    'is a lease that lasts: one of the model does, unless it is lost, which it may be at any time',
  replace: 'puts the same value and the same stamps back, dated anew: the model has no dates',
}

const MODEL = sourceFiles('test/model/*.ts').filter(({ path }) => !/names|\.test\./.test(path))

function textOf(path: string): string {
  return sourceFiles(path)[0]?.text ?? ''
}

describe('The steps of the model', () => {
  test.each(Object.entries(STEPS))('%s is a function or a method in %s', (name, path) => {
    const declared = new RegExp(
      `^(?:export )?(?:async )?function ${name}[(<]|^ {2}(?:async )?#?${name}[(<]`,
      'm',
    )

    expect(textOf(path)).toMatch(declared)
  })

  test.each(Object.keys(STEPS))('%s is used by some client of the model', (name) => {
    const taken = MODEL.some(({ text }) => text.includes(`'${name}'`))

    expect(taken).toBe(true)
  })

  test('include every step that the library sends to Redis, except those listed as left out', () => {
    const methods = [...textOf('src/cache/steps.ts').matchAll(/^ {2}(?:async )?([a-z]\w*)[(<]/gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== 'constructor')
    const here = (Object.keys(STEPS) as StepName[]).filter(
      (name) => STEPS[name] === 'src/cache/steps.ts' && name !== 'mark',
    )

    expect(methods.toSorted()).toEqual([...here, ...Object.keys(LEFT_OUT)].toSorted())
  })

  test('include every script that the library runs, except those listed as left out', () => {
    const scripts = [
      ...textOf('src/redis/scripts/protocol.ts').matchAll(/^export const ([A-Z]+): Script/gm),
    ]
    const names = scripts.map(([, name = '']) => name.toLowerCase())

    expect(names.filter((name) => !(name in STEPS) && !(name in LEFT_OUT))).toEqual([])
  })
})
