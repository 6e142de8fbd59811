// Writes ASN.1 values in DER (ITU-T X.690), the few types that a certificate is made of. It only writes: certificates are read
// by Node's X509Certificate.

/** Tags of X.690 8, with the bit for constructed types where there is one. */
const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function element(tagByte: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tagByte), lengthOf(content.length), content]);
}

/** X.690 8.1.3 and 10.1: the shortest form. */
function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

export function sequence(...elements: readonly Uint8Array[]): Buffer {
  return element(tag.sequence, Buffer.concat(elements));
}

/** A SET with one element, whose order therefore needs no care (X.690 10.3). */
export function setOfOne(only: Uint8Array): Buffer {
  return element(tag.set, only);
}

/** A positive INTEGER. @param magnitude - big-endian */
export function integer(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const shortest = magnitude.subarray(start);
  // X.690 8.3.3: a first bit of 1 would make the number negative.
  const isNegative = (shortest[0] ?? 0) >= 0x80;
  return element(tag.integer, isNegative ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

/** TRUE; DER leaves out a FALSE that is the default. */
export function yes(): Buffer {
  return element(tag.boolean, Buffer.of(0xff));
}

export function nothing(): Buffer {
  return element(tag.null, Buffer.alloc(0));
}

/** @param unusedBits - in the last byte (X.690 8.6.2) */
export function bitString(bits: Uint8Array, unusedBits = 0): Buffer {
  return element(tag.bitString, Buffer.concat([Buffer.of(unusedBits), bits]));
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(tag.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return element(tag.utf8String, Buffer.from(text, 'utf8'));
}

/** @param dotted - such as `2.5.29.17` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  // X.690 8.19: seven bits a byte, and the first two numbers together.
  for (const number of [first * 40 + second, ...rest]) {
    const groups = [number % 128];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | (left % 128));
    }
    bytes.push(...groups);
  }
  return element(tag.objectIdentifier, Buffer.from(bytes));
}

/** RFC 5280 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on; in seconds. */
export function time(unixMs: number): Buffer {
  const digits = new Date(unixMs).toISOString().replace(/\.\d+/u, '').replaceAll(/[-:T]/gu, '');
  return Number(digits.slice(0, 4)) < 2050
    ? element(tag.utcTime, Buffer.from(digits.slice(2)))
    : element(tag.generalizedTime, Buffer.from(digits));
}

/** `[number]` around a whole value (X.680 31.2.7, EXPLICIT). */
export function explicit(number: number, value: Uint8Array): Buffer {
  return element(0xa0 | number, value);
}

/** `[number]` instead of the tag of a primitive value (X.680 31.2.7, IMPLICIT). */
export function implicit(number: number, content: Uint8Array): Buffer {
  return element(0x80 | number, content);
}
