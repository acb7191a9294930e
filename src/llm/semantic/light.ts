/**
 * The stop words of a prompt that change what it asks for: "my" instead of "your" does, "how do I" instead
 * of "how can you" does not.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import { STOP_WORDS } from './lexicon.ts'
import type { Question } from './question.ts'

const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the', 'please', 'some', 'that'])

/** Stop words that may differ between two questions for a way to do something. */
const OF_A_WAY =
  wordsIn(`can could do does to would i you one we is are what way ways there any of for have it be how get go
  about`)

const SAME: ReadonlyMap<string, string> = new Map(
  [
    'be was were is are am been being',
    'do does did',
    'what which',
    'use used uses using',
    'make makes made making',
    'one someone somebody anyone anybody ones person people',
  ].flatMap((line) => {
    const [first = '', ...others] = line.split(' ')
    return others.map((word): [string, string] => [word, first])
  }),
)

/** The stop words that matter, each once and sorted, as one text. */
export function lightWords(words: readonly string[], question: Question): string {
  const light = words
    .filter((word) => STOP_WORDS.has(word) && !ARTICLES.has(word))
    .filter((word) => question !== 'how' || !OF_A_WAY.has(word))
    .map((word) => SAME.get(word) ?? word)
  return [...new Set(light)].toSorted().join(' ')
}
