/**
 * The small words of a prompt, as far as exchanging one asks for something else: "my" and "your" do,
 * "how do I" and "how can you" do not.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'
import { STOP_WORDS } from './lexicon.ts'
import type { Question } from './question.ts'

const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the', 'please', 'some', 'that'])

/** What may differ between two ways to ask for a way. */
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

/** The small words that count, each once and in order of the alphabet, as one text. */
export function lightWords(words: readonly string[], question: Question): string {
  const light = words
    .filter((word) => STOP_WORDS.has(word) && !ARTICLES.has(word))
    .filter((word) => question !== 'how' || !OF_A_WAY.has(word))
    .map((word) => SAME.get(word) ?? word)
  return [...new Set(light)].toSorted().join(' ')
}
