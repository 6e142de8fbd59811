// Prepares passwords for SCRAM, so that the same password typed in another way gives the same bytes: SASLprep (RFC 4013), a profile
// of stringprep (RFC 3454).
//
// NFKC is that of the Unicode version of Node, and RFC 3454 means version 3.2. Both agree on what 3.2 had; what came later was unassigned then, and
// is taken as it is, as RFC 3454 7 allows in queries.

/** RFC 3454 table B.1: commonly mapped to nothing. */
const nothing =
  /[\u{ad}\u{1806}\u{180b}-\u{180d}\u{200b}-\u{200d}\u{2060}\u{feff}]|\u{34f}|[\u{fe00}-\u{fe0f}]/gu;
/** Table C.1.2: white space other than U+0020, after the characters of B.1. */
const otherSpaces = /[\u{a0}\u{1680}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]/gu;
/** Tables C.2 to C.9: controls, private use, non-characters, surrogates, and what changes how text is shown. NFKC leaves none of C.8's U+0340 and U+0341. */
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u{6dd}\u{70f}\u{180e}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2061}-\u{2063}\u{206a}-\u{206f}\u{2ff0}-\u{2ffb}\u{fff9}-\u{fffd}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;
/** Table D.1: characters that are written from right to left. */
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\u{200f}]/u;
const rightToLeftEnds =
  /^[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}].*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]$|^.$/su;
/** Table D.2: letters that are written from left to right. */
const leftToRight = /(?=\p{L})[^\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;

const ascii = /^[\x20-\x7e]*$/u;

/** @returns undefined when the text has characters that SASLprep prohibits */
export function saslprep(text: string): string | undefined {
  if (ascii.test(text)) return text;
  const prepared = text.replaceAll(otherSpaces, ' ').replaceAll(nothing, '').normalize('NFKC');
  if (prohibited.test(prepared)) return undefined;
  // RFC 3454 6: no mixture of directions, and a text that is written from right to left begins and ends so.
  if (rightToLeft.test(prepared) && (leftToRight.test(prepared) || !rightToLeftEnds.test(prepared)))
    return undefined;
  return prepared;
}

/**
 * The bytes of a password for SCRAM. One that SASLprep refuses is taken as it is: a client that sends it cannot have prepared it
 * either, and PostgreSQL does the same.
 */
export function preparedPassword(password: string): Buffer {
  return Buffer.from(saslprep(password) ?? password);
}
