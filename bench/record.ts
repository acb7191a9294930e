/**
 * The value that benchmarks read and write: a record of about a thousand bytes as JSON.
 *
 * @module
 */

/** The record of an id; each id has another. Shorter than the size from which values are compressed. */
export function recordOf(id: number): object {
  const orders = Array.from({ length: 7 }, (_, i) => ({
    number: id * 100 + i,
    status: i % 2 === 0 ? 'paid' : 'shipped',
    total: (id * 7919 + i * 104_729) % 100_000,
    placedAt: new Date(1_700_000_000_000 + id * 60_000 + i * 3_600_000).toISOString(),
  }))
  return {
    id,
    name: `Customer ${id}`,
    email: `customer-${id}@example.com`,
    address: { street: `${id} Main Street`, city: 'Springfield', zip: 10_000 + id, country: 'US' },
    roles: ['reader', 'editor'],
    note: `Prefers deliveries before noon; the bell of number ${id} does not work, so knock. `.repeat(
      2,
    ),
    orders,
  }
}
