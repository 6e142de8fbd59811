// The ends of lines in texts of others. Promises: time in proportion to the length, whatever the text is. An expression such as `\r+$` takes time
// by the square of the length: it goes over a long run again from each of its characters. Here none begins within a run.

const ofLines = /(?<!\r)\r*\n/gu;
const ofLastLine = /(?<!\r)\r*\n$/u;
const crsAtEnd = /(?<!\r)\r+$/u;
const allAtEnd = /(?<![\r\n])[\r\n]+$/u;

/** The text with `end` for each LF and whatever CRs come before it. */
export function withLineEnds(text: string, end: '\r\n' | '\n'): string {
  return text.replaceAll(ofLines, end);
}

/** The LF at the end of the text, with whatever CRs come before it; empty when there is none. */
export function lastLineEnd(text: string): string {
  return ofLastLine.exec(text)?.[0] ?? '';
}

/** The text without the CRs and LFs at its end. */
export function withoutLineEnds(text: string): string {
  return text.replace(allAtEnd, '');
}

/** The text without the CRs at its end. */
export function withoutLastCrs(text: string): string {
  return text.replace(crsAtEnd, '');
}
