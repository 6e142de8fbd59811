// Walks over the header block of a message (RFC 5322 2.2) without copying it. Lines end with LF and whatever CRs come before it; a CR
// that belongs to no LF ends no line.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;
const space = 0x20;
const colonByte = 0x3a;

/** One field, as indexes into the message. */
export interface HeaderField {
  /** Lower case. */
  readonly name: string;
  /** First byte of the name. */
  readonly start: number;
  /** First byte after the colon. */
  readonly valueStart: number;
  /** After the newline of the field's last line. */
  readonly end: number;
}

/** The fields of the header block in order; ends at the empty line, or before a line that is no field. */
export function* headerFields(message: Uint8Array): Generator<HeaderField, void> {
  let start = 0;
  while (start < message.length) {
    const colon = fieldNameEnd(message, start);
    if (colon < 0) return;
    let end = lineEnd(message, start);
    while (message[end] === space || message[end] === tab) end = lineEnd(message, end);
    yield { name: nameOf(message, start, colon), start, valueStart: colon + 1, end };
    start = end;
  }
}

/** Whether an empty line begins here. */
export function isEmptyLine(message: Uint8Array, at: number): boolean {
  let i = at;
  while (message[i] === carriageReturn) i++;
  return message[i] === lineFeed;
}

function lineEnd(message: Uint8Array, from: number): number {
  const lf = message.indexOf(lineFeed, from);
  return lf === -1 ? message.length : lf + 1;
}

/** The index of the colon after a field name (RFC 5322 3.6.8 ftext, blanks by 4.5.8), or -1. */
function fieldNameEnd(message: Uint8Array, start: number): number {
  let i = start;
  for (; i < message.length; i++) {
    const c = message[i] as number;
    if (c <= space || c >= 0x7f || c === colonByte) break;
  }
  if (i === start) return -1;
  while (message[i] === space || message[i] === tab) i++;
  return message[i] === colonByte ? i : -1;
}

function nameOf(message: Uint8Array, start: number, colon: number): string {
  let name = '';
  for (let i = start; i < colon; i++) name += String.fromCharCode(message[i] as number);
  return name.trimEnd().toLowerCase();
}
