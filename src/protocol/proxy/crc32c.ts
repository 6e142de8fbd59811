// CRC32C (the polynomial of Castagnoli, as in iSCSI), bit by bit: headers are short, and most have no checksum.

/** The polynomial, with its bits reversed. */
const polynomial = 0x82f63b78;

/** The checksum of bytes, with those from `zeroFrom` to `zeroTo` taken as zeros. */
export function crc32c(bytes: Uint8Array, zeroFrom: number, zeroTo: number): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc ^= i >= zeroFrom && i < zeroTo ? 0 : (bytes[i] ?? 0);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
