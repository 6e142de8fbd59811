// The format of constant databases (cdb, D. J. Bernstein, https://cr.yp.to/cdb/cdb.txt): 256 pointers to hash tables, then
// the records, then the hash tables. All numbers are 32 bits, little-endian, so a file has 4 GiB at most.

/** The pointers: for each hash table its position and its number of slots. */
export const headerBytes = 2048;
export const hashTables = 256;
/** A slot holds the hash of a key and the position of its record; position 0: it is empty. */
export const slotBytes = 8;
/** Before key and data of a record: the lengths of both. */
export const recordHeadBytes = 8;
export const maxFileBytes = 2 ** 32;

const initialHash = 5381;

/** The hash of a key. Its lowest byte chooses the hash table, the rest the slot from which on the key is searched. */
export function cdbHash(key: Uint8Array, length = key.length): number {
  let hash = initialHash;
  for (let index = 0; index < length; index++) hash = Math.imul(hash, 33) ^ (key[index] ?? 0);
  return hash >>> 0;
}
