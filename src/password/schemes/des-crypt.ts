// crypt(3) by DES, as Unix has had it since 1979: a block of zeros, encrypted 25 times with the password as the key, by a DES whose
// expansion the salt changes. No cipher library has such a DES. It is weak, and only eight characters count: it is here for accounts that are
// taken over from older servers. The tables are those of FIPS 46-3; bits are numbers 0 and 1 in arrays.

import { cryptAlphabet } from '../crypt-base64.ts';

type Bits = readonly number[];

const initialPermutation = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40,
  32, 24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5,
  63, 55, 47, 39, 31, 23, 15, 7,
];
const finalPermutation = [
  40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13,
  53, 21, 61, 29, 36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26,
  33, 1, 41, 9, 49, 17, 57, 25,
];
const expansion = [
  32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17, 16, 17, 18, 19, 20, 21,
  20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];
const roundPermutation = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22,
  11, 4, 25,
];
const keyChoice = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const roundKeyChoice = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47,
  55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const keyShifts = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/** Each box has 64 hexadecimal digits: four rows of sixteen. */
const boxes = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];

const repetitions = 25;
const keyBytes = 8;

/** @param salt - two characters of the alphabet; @returns the eleven characters behind the salt */
export function desCrypt(salt: string, password: Buffer): string {
  const keys = roundKeys(password);
  const salted = saltedExpansion(salt);
  let block: Bits = Array.from({ length: 64 }, () => 0);
  for (let time = 0; time < repetitions; time++) block = encrypt(block, keys, salted);
  let text = '';
  for (let at = 0; at < 66; at += 6)
    text += cryptAlphabet[numberOf([...block, 0, 0].slice(at, at + 6))] ?? '';
  return text;
}

function encrypt(block: Bits, keys: readonly Bits[], salted: readonly number[]): Bits {
  const permuted = chosen(block, initialPermutation);
  let left = permuted.slice(0, 32);
  let right = permuted.slice(32);
  for (const key of keys) {
    const mixed = chosen(right, salted).map((bit, at) => bit ^ (key[at] ?? 0));
    const substituted = chosen(
      boxes.flatMap((box, index) => substitute(box, mixed.slice(6 * index))),
      roundPermutation,
    );
    [left, right] = [right, left.map((bit, at) => bit ^ (substituted[at] ?? 0))];
  }
  return chosen([...right, ...left], finalPermutation);
}

/** The outer two of six bits choose the row, the inner four the column. */
function substitute(box: string, bits: Bits): Bits {
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0] = bits;
  const place = 16 * numberOf([first, sixth]) + numberOf([second, third, fourth, fifth]);
  const value = Number.parseInt(box[place] ?? '0', 16);
  return [3, 2, 1, 0].map((bit) => (value >> bit) & 1);
}

/** Seven bits of each of the first eight bytes are the key; the eighth is a parity bit that nobody looks at. */
function roundKeys(password: Buffer): readonly Bits[] {
  const key = Array.from({ length: 8 * keyBytes }, (_, at) => {
    const bit = at % 8;
    return bit === 7 ? 0 : ((password[at >> 3] ?? 0) >> (6 - bit)) & 1;
  });
  const picked = chosen(key, keyChoice);
  let [left, right] = [picked.slice(0, 28), picked.slice(28)];
  return keyShifts.map((shift) => {
    left = [...left.slice(shift), ...left.slice(0, shift)];
    right = [...right.slice(shift), ...right.slice(0, shift)];
    return chosen([...left, ...right], roundKeyChoice);
  });
}

/** Each bit of the salt that is set exchanges a bit of the first half of the expansion with its counterpart in the second. */
function saltedExpansion(salt: string): readonly number[] {
  const salted = [...expansion];
  for (const [index, character] of [...salt].entries()) {
    const value = cryptAlphabet.indexOf(character);
    for (let bit = 0; bit < 6; bit++) {
      const at = 6 * index + bit;
      if (((value >> bit) & 1) === 0) continue;
      [salted[at], salted[at + 24]] = [salted[at + 24] ?? 0, salted[at] ?? 0];
    }
  }
  return salted;
}

/** @param places - from 1, as in the standard */
function chosen(bits: Bits, places: readonly number[]): Bits {
  return places.map((place) => bits[place - 1] ?? 0);
}

function numberOf(bits: Bits): number {
  return bits.reduce((value, bit) => 2 * value + bit, 0);
}
