/**
 * Ranges of indexes with both ends included, from the end when negative: those of collections, and those
 * of strings, in which an end before the beginning is the beginning.
 *
 * @module
 */

/** As a part of [0, size), half-open; empty when `start >= end`. */
export function rangeOf(size: number, first: number, last: number): [start: number, end: number] {
  const end = Math.min(size, fromStart(size, last) + 1)
  return [Math.max(0, fromStart(size, first)), Math.max(0, end)]
}

/** As {@link rangeOf}, of a string: both ends included; empty when `first > last`. */
export function stringRange(
  size: number,
  first: number,
  last: number,
): [first: number, last: number] {
  return [
    Math.max(0, fromStart(size, first)),
    Math.min(size - 1, Math.max(0, fromStart(size, last))),
  ]
}

function fromStart(size: number, index: number): number {
  return index < 0 ? size + index : index
}
