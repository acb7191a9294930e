import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressGroup } from '../../../src/web/address.ts'

const group = fc.integer({ min: 0, max: 0xffff })

describe('addressGroup', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff::', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:1:2:3:4', '2001:db8:0:0::/64'],
    ['[2001:db8::1]', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('%s counts as %s', (text, expected) => {
    expect(addressGroup(text)).toBe(expected)
  })

  test.each([
    '',
    'unknown',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.01',
    '192.0.2.1:80',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    '12345::',
    'g::',
    '::192.0.2.1.5',
    '192.0.2.1::',
    ':1:2:3:4:5:6:7',
    '2001:db8::1, 192.0.2.1',
    `${'0'.repeat(90)}::1`,
  ])('%j is no address', (text) => {
    expect(addressGroup(text)).toBeUndefined()
  })

  test('addresses of one /64 count as one, however written, and those of two as two', () => {
    fc.assert(
      fc.property(
        fc.tuple(group, group, group, group),
        fc.tuple(group, group, group, group),
        fc.tuple(group, group, group, group),
        (network, host, other) => {
          const plain = [...network, ...host].map((part) => part.toString(16)).join(':')
          const padded = [...network, ...other]
            .map((part) => part.toString(16).padStart(4, '0').toUpperCase())
            .join(':')
          const next = [network[0] ^ 1, ...network.slice(1), ...host]
            .map((part) => part.toString(16))
            .join(':')
          // The mapped prefix is the one exception, and is in the table above.
          fc.pre(network.some((part) => part !== 0))

          expect(addressGroup(plain)).toBeDefined()
          expect(addressGroup(plain)).toBe(addressGroup(padded))
          expect(addressGroup(plain)).not.toBe(addressGroup(next))
        },
      ),
    )
  })
})
