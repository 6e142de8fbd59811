// Recognizes the verb of a command line from its bytes, in any case (RFC 5321 2.4).

const space = 0x20;

/** Packs four letters into one number. Setting bit 5 makes letters lower case, and turns no other printable character into a letter. */
function pack(a: number, b: number, c: number, d: number): number {
  return ((a | 0x20) << 24) | ((b | 0x20) << 16) | ((c | 0x20) << 8) | (d | 0x20);
}

function packText(verb: string): number {
  return pack(verb.charCodeAt(0), verb.charCodeAt(1), verb.charCodeAt(2), verb.charCodeAt(3));
}

export const Verb = {
  auth: packText('AUTH'),
  bdat: packText('BDAT'),
  data: packText('DATA'),
  ehlo: packText('EHLO'),
  /** RFC 1985. */
  etrn: packText('ETRN'),
  expn: packText('EXPN'),
  helo: packText('HELO'),
  help: packText('HELP'),
  /** RFC 2033 4.1. */
  lhlo: packText('LHLO'),
  mail: packText('MAIL'),
  noop: packText('NOOP'),
  quit: packText('QUIT'),
  rcpt: packText('RCPT'),
  rset: packText('RSET'),
  starttls: packText('STAR'),
  vrfy: packText('VRFY'),
  xclient: packText('XCLI'),
  xforward: packText('XFOR'),
} as const;

/** The whole verb, in lower case, of those of more than four letters; undefined for the others. */
function longVerb(verb: number): string | undefined {
  if (verb === Verb.starttls) return 'starttls';
  if (verb === Verb.xclient) return 'xclient';
  return verb === Verb.xforward ? 'xforward' : undefined;
}

/** The verb of the line from `start` to `end` as a number of `Verb`; 0 if it is none of them. */
export function verbOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 4) return 0;
  const verb = pack(
    bytes[start] as number,
    bytes[start + 1] as number,
    bytes[start + 2] as number,
    bytes[start + 3] as number,
  );
  const word = longVerb(verb);
  if (word !== undefined) return isWord(word, bytes, start, end) ? verb : 0;
  return end - start === 4 || bytes[start + 4] === space ? verb : 0;
}

function isWord(word: string, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < word.length; i++) {
    if (start + i >= end || ((bytes[start + i] as number) | 0x20) !== word.charCodeAt(i)) return false;
  }
  const after = start + word.length;
  return after === end || bytes[after] === space;
}
