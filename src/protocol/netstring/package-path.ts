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

/**
 * By QMQP, a sender of qmail's form `LIST-@HOST-@[]` is `LIST@HOST`, and each recipient gets the message with one of its own,
 * `LIST-USER=DOMAIN@HOST` (VERP).
 * @param given - undefined: too long to be kept
 * @returns its address, and what has to follow in MAIL
 */
export function packageSender(
  given: string | undefined,
  protocol: 'qmqp' | 'qmtp',
): { readonly address: string | undefined; readonly parameter: string } {
  const [, list, host] = (protocol === 'qmqp' && /^(.+)-@([^@]+)-@\[\]$/su.exec(given ?? '')) || [];
  if (list === undefined || host === undefined) return { address: given, parameter: '' };
  return { address: `${list}@${host}`, parameter: ' XVERP=-=' };
}
