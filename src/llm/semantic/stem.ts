/**
 * Removes the endings of English words, so that forms of a word in another number or tense are equal.
 *
 * @module
 */

import { wordsIn } from '../../entry/words.ts'

/** Words that keep their ending, because they only look like a form of another word. */
const WHOLE =
  wordsIn(`this his has was is as us gas bus plus yes news does goes species series always lens less unless across
  process access address success business class glass pass boss loss bonus virus status focus physics
  economics politics mathematics maths thing things nothing something everything anything string king ring
  spring bring sing wing during being need speed feed seed bed red used united states hundred evening
  morning sorted windows kubernetes redis postgres cors aws ios macos paris texas sales james jesus thus
  analysis basis crisis thesis`)

const IRREGULAR: ReadonlyMap<string, string> = new Map(
  `bought:buy made:make found:find gave:give went:go gone:go took:take taken:take came:come saw:see seen:see
  knew:know known:know wrote:write written:write said:say got:get gotten:get lost:lose won:win built:build
  sold:sell sent:send spent:spend paid:pay left:leave kept:keep met:meet told:tell thought:think taught:teach
  brought:bring broke:break broken:break chose:choose chosen:choose did:do done:do became:become began:begin
  begun:begin ate:eat eaten:eat fell:fall fallen:fall felt:feel grew:grow grown:grow held:hold led:lead
  meant:mean ran:run spoke:speak spoken:speak stole:steal stolen:steal died:die dying:die lying:lie tying:tie
  men:man women:woman children:child feet:foot teeth:tooth mice:mouse wives:wife lives:life indices:index
  matrices:matrix vertices:vertex better:better best:best using:use`
    .split(/\s+/)
    .map((pair) => pair.split(':') as [string, string]),
)

const VOWEL = /[aeiouy]/

/** The stem of a word in lower case. Short words, and words with other than ASCII letters, stay as they are. */
export function stem(word: string): string {
  const irregular = IRREGULAR.get(word)
  if (irregular !== undefined) return irregular
  if (word.length <= 3 || WHOLE.has(word) || !/^[a-z]+$/.test(word)) return word
  const singular = singularOf(word)
  for (const ending of ['ing', 'ed']) {
    const rest = singular.slice(0, -ending.length)
    if (singular.endsWith(ending) && rest.length >= 3 && VOWEL.test(rest)) return undouble(rest)
  }
  return withoutE(singular)
}

function singularOf(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (/(?:[sxz]|ch|sh)es$/.test(word)) return word.slice(0, -2)
  if (word.endsWith('s') && !/(?:ss|us|is)$/.test(word)) return word.slice(0, -1)
  return word
}

/** Removes a doubled last letter and a final `e`: `stopp` becomes `stop`, `make` becomes `mak`, `add` stays. */
function undouble(word: string): string {
  const doubled = /([bdgmnprt])\1$/.test(word) && word.length > 3
  return withoutE(doubled ? word.slice(0, -1) : word)
}

function withoutE(word: string): string {
  return word.length > 3 && word.endsWith('e') ? word.slice(0, -1) : word
}
