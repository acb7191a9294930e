/**
 * Wraps the caller's functions as sources of answers.
 *
 * @module
 */

import type { Verdict } from './answer.ts'
import { canonicalJson } from './canonical.ts'
import type { Generate } from './responses.ts'
import type { Source } from './source.ts'

/** Wraps a function that returns the whole answer. */
export function valueSource<T>(generate: Generate<T>): Source<T> {
  return {
    shape: 'value',
    open: async (signal) => {
      const value = await generate({ signal })
      return { parts: single(value) }
    },
    judge: ([value]) => judge(isEmpty(value)),
    sizeOf: () => 0,
    textOf: ([value]) => textOf(value),
  }
}

/** Wraps a function that returns the answer in parts. */
export function partSource<Part>(
  generate: (context: {
    readonly signal: AbortSignal
  }) => AsyncIterable<Part> | Promise<AsyncIterable<Part>>,
): Source<Part> {
  return {
    shape: 'parts',
    open: async (signal) => ({ parts: await generate({ signal }) }),
    judge: (parts) => judge(parts.every(isEmpty)),
    sizeOf: (part) => (typeof part === 'string' ? part.length : textOf(part).length),
    textOf: (parts) => parts.map(textOf).join(''),
  }
}

function judge(isEmptyAnswer: boolean): Verdict {
  return isEmptyAnswer ? { store: false, reason: 'empty' } : { store: true }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return canonicalJson(value)
  } catch {
    // InvalidValueError: a value that is not JSON has no text to compare, and its size counts as 0.
    return ''
  }
}

async function* single<T>(value: T): AsyncGenerator<T, void> {
  yield value
}
