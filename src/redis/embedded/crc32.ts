/**
 * The checksum of a snapshot: CRC-32 as in zip and PNG (ISO 3309).
 *
 * @module
 */

const POLYNOMIAL = 0xedb88320

/** Signed, because bit operators return signed numbers, so that no conversion is needed. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0)
  return value
})

/** The checksum of `bytes`, continued from the checksum of the bytes before them. */
export function crc32(bytes: Uint8Array, before: number = 0): number {
  let crc = ~before
  for (let index = 0; index < bytes.length; index++) {
    crc = (TABLE[(crc ^ (bytes[index] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}
