// Paths of SMTP from the addresses of packages. qmail writes local parts without the quotes that a path needs; others write paths.

import { localPartOf, partsOf } from '../../address/mailbox-parts.ts';
import { parsePath, type PathOptions } from '../../address/path.ts';

/** @returns the path without its angle brackets; undefined for what is none: it never becomes a part of a command */
export function pathOf(address: string, options: PathOptions): string | undefined {
  if (isPath(address, options)) return address;
  const { content, domain } = partsOf(address);
  const quoted = `${localPartOf(content)}@${domain}`;
  return content !== '' && isPath(quoted, options) ? quoted : undefined;
}

function isPath(text: string, options: PathOptions): boolean {
  const path = parsePath(`<${text}>`, options);
  return path.kind !== 'invalid' && path.end === text.length + 2;
}
