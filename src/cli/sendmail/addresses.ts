// The addresses that sendmail was called with: the sender, and the recipients of the command line and of the header.
// Promises: an address is used as it was written, or refused; it is never turned into another address.

import { type AddressList, parseAddressList } from '../../message/address-list.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import type { SendmailCall } from './flags.ts';
import { loginName } from './login-name.ts';

/**
 * The envelope sender.
 * @throws {CommandError}
 */
export function senderOf(given: string | undefined, hostname: string): string {
  if (given === undefined) return `${loginName()}@${hostname}`;
  if (given === '' || given === '<>') return '';
  const { addresses, invalid } = parseArgument(given, hostname);
  const [address] = addresses;
  if (address === undefined || addresses.length > 1 || invalid.length > 0) {
    throw new CommandError(
      exitCodes.usage,
      'SENDMAIL_SENDER',
      `-f ${visible(given)}: this is not a mail address`,
    );
  }
  return address;
}

/**
 * The recipients, each once.
 * @throws {CommandError}
 */
export function recipientsOf(
  call: SendmailCall,
  header: { readonly recipients: readonly string[]; readonly invalidRecipients: readonly string[] },
  hostname: string,
): string[] {
  const named = call.recipients.map((text) => parseArgument(text, hostname));
  const invalid = named.flatMap((list) => list.invalid);
  const addresses = new Set(named.flatMap((list) => list.addresses));
  if (call.recipientsFromHeader) {
    invalid.push(...header.invalidRecipients);
    for (const address of header.recipients) addresses.add(address);
  }
  if (invalid.length > 0) {
    throw new CommandError(
      exitCodes.dataError,
      'SENDMAIL_ADDRESS',
      `not a mail address: ${invalid.map(visible).join(', ')}; nothing was sent`,
    );
  }
  if (addresses.size === 0) {
    throw new CommandError(
      exitCodes.usage,
      'SENDMAIL_NO_RECIPIENT',
      call.recipientsFromHeader
        ? 'the message names no recipient in To, Cc or Bcc'
        : 'no recipient was named',
      'Name the recipients on the command line, or let them be read from the header with -t.',
    );
  }
  return [...addresses];
}

/**
 * The addresses of one argument. With a line end or another control character in it, the argument holds text of a stranger, or
 * more than one value: it is refused as a whole. One line end at the very end is removed: it was read together with its line.
 */
function parseArgument(given: string, hostname: string): AddressList {
  const text = given.replace(/\r?\n$/, '');
  if (/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(text)) {
    throw new CommandError(
      exitCodes.dataError,
      'SENDMAIL_ADDRESS',
      `a line end or another control character is in the address "${visible(text)}"; nothing was sent`,
      'Name each address as an argument of its own, and take control characters out of text that comes from strangers.',
    );
  }
  return parseAddressList(text, hostname);
}

/** Writes control characters as escapes (`\n`, `\x1b`), so that no terminal and no log obeys them. */
function visible(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, (c) =>
    c === '\n' ? '\\n' : c === '\r' ? '\\r' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
