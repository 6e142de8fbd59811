// Shortens a log line to a number of bytes: syslog takes no line of any length, and the system keeps only short writes to a pipe whole.

const mark = '...\n';

/** @returns the line with its line end, at most so many bytes long, and with "..." at its end when it was cut */
export function shortenLine(line: string, longest: number): string {
  // A character is one byte at least and three at most for each UTF-16 unit.
  if (line.length * 3 <= longest || Buffer.byteLength(line) <= longest) return line;
  const bytes = Buffer.from(line);
  let end = longest - mark.length;
  // RFC 3629 3: bytes within a character begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + mark;
}
