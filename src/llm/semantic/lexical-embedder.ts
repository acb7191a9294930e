/**
 * An embedder without a model: it finds near-duplicate wording, not similar meaning.
 *
 * @module
 */

import { fnv1a } from '../../entry/fnv1a.ts'
import type { Embedder } from './embedder.ts'
import { FILLERS, STOP_WORDS } from './lexicon.ts'
import { stem } from './stem.ts'
import { SYNONYMS } from './synonyms.ts'
import { tokenize } from './tokens.ts'

/** The transform below needs a power of two. */
const DIMENSIONS = 512
/** Weight of words against that of character n-grams: words tell more, n-grams tolerate typing errors. */
const WORD_SHARE = 0.65
const GRAM_SIZES = [3, 4, 5]
/** Longer texts are cut here: the rest would hardly change the vector. */
const MAX_CHARS = 20_000
const ROTATION_SEED = 0x9e37_79b9

/**
 * Hashed words and character 3- to 5-grams, weighted by a fixed inverse document frequency, in 512
 * dimensions (feature hashing: Weinberger et al., ICML 2009).
 *
 * The weights are fixed, because vectors made with different weights could not be compared. A random
 * rotation spreads the few features of a prompt over all dimensions, so that the signs of the numbers
 * alone show how close two vectors are.
 */
export function lexicalEmbedder(): Embedder {
  return {
    model: 'lexical-1',
    dimensions: DIMENSIONS,
    sees: 'wording',
    isLocal: true,
    embed: (texts) => Promise.resolve(texts.map(embedText)),
  }
}

function embedText(text: string): Float32Array {
  const words = new Float32Array(DIMENSIONS)
  const grams = new Float32Array(DIMENSIONS)
  const counts = new Map<string, number>()
  for (const { kind, text: token } of tokenize(text.slice(0, MAX_CHARS))) {
    const base = kind === 'word' ? stem(token) : token
    const term = SYNONYMS.get(token) ?? SYNONYMS.get(base) ?? base
    counts.set(term, (counts.get(term) ?? 0) + 1)
  }
  for (const [term, count] of counts) {
    const weight = weightOf(term) * (1 + Math.log(count))
    addFeature(words, `w${term}`, weight)
    for (const gram of gramsOf(term)) addFeature(grams, `c${gram}`, weight)
  }
  return rotate(combine(words, grams))
}

/** Stands in for an inverse document frequency: words that occur everywhere weigh little. */
function weightOf(term: string): number {
  if (FILLERS.has(term)) return 0.15
  if (STOP_WORDS.has(term)) return 0.2
  return /\d/.test(term) ? 1.2 : 1
}

function gramsOf(term: string): string[] {
  const padded = ` ${term} `
  return GRAM_SIZES.flatMap((size) =>
    Array.from({ length: Math.max(0, padded.length - size + 1) }, (_, at) =>
      padded.slice(at, at + size),
    ),
  )
}

/** Adds to one dimension, with one sign, both chosen by the hash of the feature. */
function addFeature(into: Float32Array, feature: string, weight: number): void {
  const hash = hashOf(feature)
  const at = hash & (DIMENSIONS - 1)
  into[at] = (into[at] ?? 0) + (hash < 0 ? -weight : weight)
}

/** FNV-1a with the finish of MurmurHash3, as a signed 32-bit number. */
function hashOf(text: string): number {
  let hash = fnv1a(text)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}

/** Scales both parts to unit length and adds them by their shares. */
function combine(words: Float32Array, grams: Float32Array): Float32Array {
  const byWords = WORD_SHARE / (lengthOf(words) || 1)
  const byGrams = (1 - WORD_SHARE) / (lengthOf(grams) || 1)
  return words.map((value, i) => value * byWords + (grams[i] ?? 0) * byGrams)
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
}

const SIGNS = signsOf(ROTATION_SEED)

/** Random signs, then a Walsh-Hadamard transform: a rotation, up to a factor. */
function rotate(vector: Float32Array): Float32Array {
  const rotated = vector.map((value, i) => value * (SIGNS[i] ?? 1))
  for (let half = 1; half < DIMENSIONS; half *= 2) {
    for (let i = 0; i < DIMENSIONS; i += half * 2) {
      for (let j = i; j < i + half; j++) {
        const a = rotated[j] ?? 0
        const b = rotated[j + half] ?? 0
        rotated[j] = a + b
        rotated[j + half] = a - b
      }
    }
  }
  return rotated
}

/** The same signs on every machine: xorshift32 from a fixed seed. */
function signsOf(seed: number): Int8Array {
  let state = seed
  return Int8Array.from({ length: DIMENSIONS }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state < 0 ? -1 : 1
  })
}
