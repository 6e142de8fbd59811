// Finds content that a server could take for commands which name recipients. A server that does not read the chunk of a BDAT which it
// refuses, because no recipient is left, runs the content: whoever wrote it could make the server take mail for anybody. Such content never
// leaves ahead of the replies to RCPT.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;
const tab = 0x09;
const lowerCase = 0x20;
/** `rcpt` */
const command = [0x72, 0x63, 0x70, 0x74];

/** Whether a line of the content begins with RCPT, in any case, after blanks or not. */
export function namesRecipients(content: Uint8Array): boolean {
  let isAtStart = true;
  for (let at = 0; at < content.length; at++) {
    const byte = content[at] ?? 0;
    if (byte === lineFeed || byte === carriageReturn) isAtStart = true;
    else if (isAtStart && byte !== blank && byte !== tab) {
      if (command.every((letter, index) => ((content[at + index] ?? 0) | lowerCase) === letter)) return true;
      isAtStart = false;
    }
  }
  return false;
}
