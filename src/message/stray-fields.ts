// Fields behind a line that is no field. By RFC 5322 2.1 the header has ended before them, but many programs skip the line and read on.

import { headerFields } from './header-fields.ts';
import { type Field, fieldAt } from './editable-header.ts';

const lineFeed = 0x0a;

/**
 * The fields that a program finds which skips lines that are none. Takes time in proportion to the length.
 * @param strayLines - the lines of the header from the first one that is no field, as Latin-1
 */
export function strayFields(strayLines: string): readonly Field[] {
  let rest: Buffer = Buffer.from(strayLines, 'latin1');
  const found: Field[] = [];
  while (rest.length > 0) {
    let end = 0;
    for (const field of headerFields(rest)) {
      found.push(fieldAt(rest, field));
      ({ end } = field);
    }
    const line = rest.indexOf(lineFeed, end);
    if (line === -1) break;
    rest = rest.subarray(line + 1);
  }
  return found;
}
