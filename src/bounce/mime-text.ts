// Text made safe for a report: one line without control characters, folded header fields (RFC 5322 2.2.3),
// wrapped paragraphs, quoted-printable (RFC 2045 6.7). No text of a remote server can change the structure of a report.

import { replaceUnprintableRuns } from '../values/unprintable.ts';

const notAscii = /[^\u0020-\u007e]/gu;
const maxText = 2000;
/** RFC 5322 2.1.1: lines should have at most 78 characters, and must have at most 998 octets. */
const lineLength = 76;
/** Words with more octets are cut, so that no line reaches 998. Addresses are shorter (RFC 5321 4.5.3.1.3: 256 octets). */
const maxWordBytes = 850;
/** Bound of blanks in a row. No value that programs compare has more: an ENVID has at most 100 octets (RFC 3461 4.4). */
const maxBlanks = 100;
const cutWord = 225;

/**
 * The text on one line, without control characters, at most 2,000 characters. Blanks are not merged: an address or an ENVID
 * with one blank instead of two would be a different one for a program that compares it.
 */
export function exactText(text: string): string {
  return replaceUnprintableRuns(text.slice(0, maxText).toWellFormed(), ' ').trim();
}

/** An address without control characters, with its blanks; cut only if it is longer than any valid path (RFC 5321 4.5.3.1). */
export function addressText(address: string): string {
  const text = replaceUnprintableRuns(address, '').toWellFormed();
  return Buffer.byteLength(text) <= maxWordBytes ? text : text.slice(0, cutWord).toWellFormed();
}

/** `exactText` within ASCII: any other character becomes `?`. */
export function asciiText(text: string): string {
  return exactText(text).replaceAll(notAscii, '?');
}

export function isAscii(text: string): boolean {
  return text.search(notAscii) === -1;
}

/** The words of a text; words that are too long are cut. Each further blank between two words is an empty word. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const word of text.split(' ')) {
    if (Buffer.byteLength(word) <= maxWordBytes) {
      words.push(word);
      continue;
    }
    const characters = [...word];
    for (let at = 0; at < characters.length; at += cutWord) {
      words.push(characters.slice(at, at + cutWord).join(''));
    }
  }
  return words;
}

/** A text in lines of about 76 characters, each after `indent`. Blanks inside a line stay, as in what a server said. */
export function wrap(text: string, indent: string): string {
  let wrapped = '';
  let line = indent;
  for (const word of wordsOf(exactText(text))) {
    if (line.length > indent.length && line.length + 1 + word.length > lineLength) {
      wrapped += `${line}\r\n`;
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return `${wrapped}${line}\r\n`;
}

/**
 * A header field, folded before blanks, which are all kept (RFC 5322 2.2.3: unfolding removes only the line ends). The value is
 * put on one line first, so that no folded line is empty and no field can be added.
 */
export function field(name: string, value: string): string {
  let folded = '';
  let line = `${name}:`;
  let blanks = '';
  for (const word of wordsOf(exactText(value))) {
    if (blanks.length < maxBlanks) blanks += ' ';
    // Blanks stay on the line of the next word: some readers take a line of blanks for the end of the header.
    if (word === '') continue;
    if (line.length + blanks.length + word.length > lineLength && line !== `${name}:`) {
      folded += `${line}\r\n`;
      line = '';
    }
    line += `${blanks}${word}`;
    blanks = '';
  }
  return `${folded}${line}\r\n`;
}

/** The value of a field for text: as it is in ASCII, otherwise as encoded words (RFC 2047 2), with whole characters in each (5). */
export function unstructured(text: string): string {
  const clean = exactText(text);
  if (isAscii(clean)) return clean;
  const words: string[] = [];
  let word = '';
  for (const character of clean) {
    if (Buffer.byteLength(word + character) > 42) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  words.push(word);
  return words.map((each) => `=?utf-8?B?${Buffer.from(each).toString('base64')}?=`).join(' ');
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
    if (line.length + encoded.length > (endsLine ? lineLength : lineLength - 1)) {
      out.push(line, '=\r\n');
      line = '';
    }
    line += encoded;
  }
  out.push(line);
  return Buffer.from(out.join(''), 'latin1');
}
