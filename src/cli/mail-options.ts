// Options that describe mail which somebody could hand in: the client, the addresses of its envelope.

import { InvalidArgumentError } from 'commander';
import { parseMailbox } from '../address/path.ts';
import { isIP } from '../values/ip-version.ts';

/** How a program of this host is written, which has no address. */
export const localClient = 'local';

/** The IP address of a client; empty for a program of this host. @throws {InvalidArgumentError} */
export function clientAddress(text: string): string {
  if (text === localClient) return '';
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError(
    `Write an IP address such as 192.0.2.7, or ${localClient} for a program of this host.`,
  );
}

/** An envelope sender, without brackets; empty for `<>`. @throws {InvalidArgumentError} */
export function senderAddress(text: string): string {
  return text === '<>' || text === '' ? '' : mailAddress(text, 'an address such as joe@example.com, or <>');
}

/** A recipient, and those before it. @throws {InvalidArgumentError} */
export function recipientAddress(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, mailAddress(text, 'an address such as joe@example.com')];
}

function mailAddress(text: string, wanted: string): string {
  // A name without a domain is completed where mail is handed in.
  const completed = text.includes('@') ? text : `${text}@localhost`;
  if (parseMailbox(completed).kind === 'mailbox') return text;
  throw new InvalidArgumentError(`Write ${wanted}.`);
}
