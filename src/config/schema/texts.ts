// Texts that go unchanged into SMTP, header fields, commands or logs. Each is checked so that it cannot break a line or a word.

import { createSecureContext } from 'node:tls';
import ipaddr from 'ipaddr.js';
import { withTls13 } from '../../values/cipher-list.ts';
import { parseDomain, parseMailbox } from '../../values/domain.ts';
import { parseIpAddress } from '../../values/ip-address.ts';
import { formatListenAddress, parseListenAddress } from '../../values/listen-address.ts';
import { isIP } from '../../values/ip-version.ts';
import { ValueError } from '../../values/value-error.ts';

/** The text of the greeting: printable ASCII, since it is part of a reply line (RFC 5321 4.2). */
export function greetingText(text: string): string {
  if (!/^[\x20-\x7e]{0,200}$/.test(text)) {
    throw new ValueError('must be at most 200 printable ASCII characters on one line');
  }
  return text.trim();
}

/** A 4xx or 5xx reply code, or the first digits of one (RFC 5321 4.2.1). */
export function replyCodeStart(text: string): string {
  if (!/^[45]\d{0,2}$/.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not the beginning of a 4xx or 5xx reply code, e.g. "421", "45" or "4"`,
    );
  }
  return text;
}

/** A part of a reply's text; `*` stands for any text. */
export function replyPattern(text: string): string {
  if (!/^\P{Cc}{1,200}$/u.test(text) || /^[* ]*$/.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not a text of a reply; write 1 to 200 characters on one line, more than "*"`,
    );
  }
  return text;
}

/** The name of a header field (RFC 5322 3.6.8). */
export function fieldName(text: string): string {
  if (!/^[!-9;-~]{1,76}$/.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not the name of a header field; write it without the colon, e.g. "MT-Priority"`,
    );
  }
  return text;
}

/** Fields that mail has for purposes of its own: RFC 5322 3.6, RFC 2045 3, and those of mail servers. */
const fieldsOfMail: ReadonlySet<string> = new Set(
  'received return-path delivered-to date from sender reply-to to cc bcc message-id in-reply-to references subject comments keywords mime-version content-type content-transfer-encoding content-id content-description dkim-signature authentication-results'.split(
    ' ',
  ),
);

/**
 * A field by which Sluice marks mail: fields of this name that come in are taken out.
 * @throws {ValueError} when it is no name, or that of a field which mail needs
 */
export function markFieldName(text: string): string {
  const name = fieldName(text);
  if (fieldsOfMail.has(name.toLowerCase()))
    throw new ValueError(
      `${name} is a field of mail itself, and would be taken out: take another name, such as X-Marked`,
    );
  return name;
}

/** The name that this host gives itself: a domain name with a dot in it (RFC 5321 2.3.5). */
export function hostName(text: string): string {
  const domain = parseDomain(text);
  if (!domain.includes('.')) {
    throw new ValueError(
      `"${text}" is not a full host name; write one with its domain, e.g. "${domain}.example.com"`,
    );
  }
  return domain;
}

/** A name of this server as it stands in MX records, which never name an address (RFC 1035 3.3.9). */
export function mxHostName(text: string): string {
  if (isIP(text.replace(/^\[(?:ipv6:)?(.*)\]$/i, '$1')) !== 0) {
    throw new ValueError(
      `"${text}" is an address, and MX records name hosts: write the name, or put the address into own_addresses of [deliver]`,
    );
  }
  return hostName(text);
}

/** A mailbox, kept as text; its domain in lower-case A-labels. */
export function mailbox(text: string): string {
  const { localPart, domain } = parseMailbox(text);
  return `${localPart}@${domain}`;
}

/** A list of ciphers for OpenSSL: names and words for groups of them. */
export function cipherList(text: string): string {
  if (!/^[A-Za-z0-9_:!+@=.-]{1,2000}$/.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not a list of ciphers; write names with ":" between them, e.g. "ECDHE+AESGCM:ECDHE+CHACHA20"`,
    );
  }
  try {
    createSecureContext({ ciphers: withTls13(text) });
  } catch {
    throw new ValueError(
      `OpenSSL knows no cipher of ${JSON.stringify(text)}; \`openssl ciphers -v\` lists the names, e.g. "ECDHE+AESGCM:ECDHE+CHACHA20"`,
    );
  }
  return text;
}

/** A name that an administrator gives to a table, shown in lists and messages. */
export function labelText(text: string): string {
  if (!/^[^\s\p{C}](?:[^\p{C}]{0,98}[^\s\p{C}])?$/u.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not a name; write 1 to 100 characters on one line, with no space around them`,
    );
  }
  return text;
}

/** The address of a [[listen]], as it is compared. */
export function listenName(text: string): string {
  return formatListenAddress(parseListenAddress(text));
}

/** The name of a tenant: it stands in commands, logs and keys of limits. */
export function tenantName(text: string): string {
  return plainWord(text, 'tenant', 'newsletters');
}

/** The name of a table: it stands in commands, logs and other keys. */
export function tableName(text: string): string {
  return plainWord(text, 'table', 'users');
}

/** The name of a credential: it stands in routes, logs and troubles, and in keys of routes (`planKey`). */
export function credentialName(text: string): string {
  return plainWord(text, 'credential', 'provider');
}

/** A query of SQL with one parameter. */
export function lookupQuery(text: string): string {
  // Texts and names in quotes, and comments, may have question marks that are no parameters.
  const bare = text.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\//gu, ' ');
  const parameters = bare.match(/\?\d*|[:@$][A-Za-z_]\w*/gu) ?? [];
  if (parameters.length === 1 ? parameters[0] === '?' || parameters[0] === '?1' : isOnlyFirst(parameters))
    return text;
  throw new ValueError(
    'must have one parameter, the key, written as ?; if the key is needed several times, write ?1 each time',
  );
}

function isOnlyFirst(parameters: readonly string[]): boolean {
  return parameters.length > 0 && parameters.every((each) => each === '?1');
}

function plainWord(text: string, what: string, example: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) {
    throw new ValueError(
      `${JSON.stringify(text)} is not the name of a ${what}; write 1 to 64 letters, digits, ".", "_" and "-", e.g. "${example}"`,
    );
  }
  return text;
}

/** Characters of RFC 5322 atext that are no letters or digits. */
export function subaddressSeparators(text: string): string {
  if (!/^[!#$%&'*+\-/=?^_`{|}~]{1,8}$/.test(text)) {
    throw new ValueError(`"${text}" has characters that cannot separate a subaddress`);
  }
  return text;
}

/** One address of this host, in canonical text. */
export function ownAddress(text: string): string {
  if (parseIpAddress(text) === undefined) {
    throw new ValueError(`"${text}" is not an IP address, e.g. "192.0.2.25" or "2001:db8::25"`);
  }
  // `::ffff:192.0.2.1` is 192.0.2.1 (RFC 4291 2.5.5.2).
  const address = ipaddr.process(text);
  if (address.range() === 'unspecified') {
    throw new ValueError(
      `"${text}" is not the address of an interface; to let the system choose one, leave [[source]] out`,
    );
  }
  return address.toString();
}
