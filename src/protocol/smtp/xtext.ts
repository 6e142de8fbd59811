// xtext (RFC 3461 4), which encodes any text as printable ASCII for DSN parameters such as ENVID and ORCPT.
// Promises: decodeXtext reverses encodeXtext. Text outside ASCII is encoded as the octets of its UTF-8 form.

const plainPattern = /^[!-*,-<>-~]*$/;
/** RFC 3461 4 allows upper-case hexadecimal digits only. Lower-case ones are accepted, since they are unambiguous. */
const encodedPattern = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;

/** Encodes a text as xtext: printable ASCII except `+` and `=` stays, every other octet becomes `+HH` (RFC 3461 4). */
export function encodeXtext(s: string): string {
  if (plainPattern.test(s)) return s;
  let encoded = '';
  for (const octet of Buffer.from(s, 'utf8')) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== 0x2b && octet !== 0x3d;
    encoded += plain
      ? String.fromCharCode(octet)
      : `+${octet < 0x10 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
  }
  return encoded;
}

/**
 * Decodes xtext (RFC 3461 4); undefined when it is malformed: a character that had to be encoded, a `+` without
 * two hexadecimal digits, or octets that are not UTF-8.
 */
export function decodeXtext(s: string): string | undefined {
  if (plainPattern.test(s)) return s;
  if (!encodedPattern.test(s)) return undefined;
  const octets = Buffer.allocUnsafe(s.length);
  let length = 0;
  for (let i = 0; i < s.length; i++) {
    const code = s.charCodeAt(i);
    if (code === 0x2b) {
      octets[length++] = Number.parseInt(s.slice(i + 1, i + 3), 16);
      i += 2;
    } else {
      octets[length++] = code;
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets.subarray(0, length));
  } catch {
    return undefined;
  }
}
