// Text made safe for a report: one line without control characters, folded header fields (RFC 5322 2.2.3),
// wrapped paragraphs, quoted-printable (RFC 2045 6.7). Whatever a remote server said, it stays text.

/** Controls (C0, DEL, C1) and Unicode's line ends. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const NOT_ASCII = /[^\u0020-\u007e]/gu;
const MAX_TEXT = 2000;
/** RFC 5322 2.1.1: lines should have at most 78 characters, and must have at most 998 octets. */
const LINE = 76;
/** Longer words are cut, so that no line reaches 998 octets. An address (RFC 5321 4.5.3.1.3: 256 octets) never is. */
const MAX_WORD = 300;
const CUT_WORD = 225;
const MAX_ADDRESS = 320;

/** On one line, without control characters, runs of blanks as one blank, at most 2,000 characters. */
export function plainText(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed().replace(CONTROL, ' ').replace(/ {2,}/g, ' ').trim();
}

/** An address without control characters, its blanks kept; cut where no path can reach (RFC 5321 4.5.3.1). */
export function addressText(address: string): string {
  return address.replace(CONTROL, '').slice(0, MAX_ADDRESS).toWellFormed();
}

/** `plainText` within ASCII: any other character becomes `?`. */
export function asciiText(text: string): string {
  return plainText(text).replace(NOT_ASCII, '?');
}

export function isAscii(text: string): boolean {
  return text.search(NOT_ASCII) === -1;
}

/** The words of a text, those that are too long cut. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const word of text.split(' ')) {
    if (word.length <= MAX_WORD) {
      words.push(word);
      continue;
    }
    const characters = [...word];
    for (let at = 0; at < characters.length; at += CUT_WORD) {
      words.push(characters.slice(at, at + CUT_WORD).join(''));
    }
  }
  return words;
}

/** A text in lines of about 76 characters, each after `indent`. */
export function wrap(text: string, indent: string): string {
  let wrapped = '';
  let line = indent;
  for (const word of wordsOf(plainText(text))) {
    if (line.length > indent.length && line.length + 1 + word.length > LINE) {
      wrapped += `${line}\r\n`;
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return `${wrapped}${line}\r\n`;
}

/** A header field, folded at blanks. The value is made plain first: no folded line is empty, none is added. */
export function field(name: string, value: string): string {
  let folded = '';
  let line = `${name}:`;
  for (const word of wordsOf(plainText(value))) {
    if (line.length + 1 + word.length > LINE && line !== `${name}:`) {
      folded += `${line}\r\n`;
      line = '';
    }
    line += ` ${word}`;
  }
  return `${folded}${line}\r\n`;
}

/** The date as RFC 5322 3.3 has it, in UTC. */
export function dateTime(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/** Quoted-printable (RFC 2045 6.7) of text with CRLF line ends; a bare CR or LF is encoded. */
export function quotedPrintable(bytes: Uint8Array): Buffer {
  const out: string[] = [];
  let line = '';
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i] ?? 0;
    const next = bytes[i + 1];
    if (octet === 0x0d && next === 0x0a) {
      out.push(line, '\r\n');
      line = '';
      i++;
      continue;
    }
    const endsLine = next === undefined || (next === 0x0d && bytes[i + 2] === 0x0a);
    const isBlank = octet === 0x20 || octet === 0x09;
    const plain = isBlank ? !endsLine : octet > 0x20 && octet < 0x7f && octet !== 0x3d;
    const encoded = plain
      ? String.fromCharCode(octet)
      : `=${octet < 0x10 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
    if (line.length + encoded.length > (endsLine ? LINE : LINE - 1)) {
      out.push(line, '=\r\n');
      line = '';
    }
    line += encoded;
  }
  out.push(line);
  return Buffer.from(out.join(''), 'latin1');
}
