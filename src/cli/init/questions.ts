// The questions of `sluice init`: which belong to a purpose, what each proposes, and which answers it takes. An answer is text, as it
// is typed or given by the option of the same name; a list has commas.

import { hostName } from '../../config/schema/texts.ts';
import { parseListenEndpoint, parseRelayHost } from '../../values/endpoint.ts';
import { parseDomain, parseMailbox } from '../../values/domain.ts';
import { parseLmtpServer } from '../../values/lmtp-server.ts';
import { parseNetwork } from '../../values/network.ts';
import { ValueError } from '../../values/value-error.ts';
import type { Purpose } from './answers.ts';
import type { HostFacts } from './host-facts.ts';

/** The questions by name, in the order in which they are asked. */
export const questionNames = [
  'hostname',
  'domain',
  'network',
  'smarthost',
  'login',
  'primary',
  'lmtp',
  'mailbox',
  'listen',
  'certificate',
  'key',
  'run-as',
] as const;

export type QuestionName = (typeof questionNames)[number];

/** What has been answered before: later questions depend on it. */
export type Given = Readonly<Partial<Record<QuestionName, string>>>;

interface Question {
  /** One sentence for people. */
  readonly text: string;
  readonly purposes: readonly Purpose[];
  /** An empty answer is one, too: none. */
  readonly isOptional: boolean;
  /** Undefined: there is nothing to propose. */
  readonly proposes: (facts: HostFacts, purpose: Purpose, given: Given) => string | undefined;
  /** @throws {ValueError} with the reason why this is no answer */
  readonly check: (text: string) => unknown;
  /** Undefined: it is always asked. */
  readonly isAsked?: (facts: HostFacts, given: Given) => boolean;
}

const every: readonly Purpose[] = ['relay', 'smarthost', 'submission', 'mx-backup', 'mail'];

/** Splits a list with commas; spaces do not matter. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function each(parse: (text: string) => unknown): (text: string) => void {
  return (text) => {
    for (const item of listOf(text)) parse(item);
  };
}

function absolutePath(text: string): void {
  if (!text.startsWith('/')) throw new ValueError(`"${text}": write the whole path, from / on`);
}

/** A name that is safe in the file and on a command line. */
function plainText(text: string): void {
  if (/[\p{C}"\\]/u.test(text))
    throw new ValueError('control characters, quotes and backslashes are not taken');
}

function userName(text: string): void {
  if (!/^[a-z_][a-z0-9_-]*\$?$/i.test(text) || text === 'root')
    throw new ValueError(
      `"${text}" is no name of a user without the rights of root; write one such as "sluice"`,
    );
}

export const questions: Readonly<Record<QuestionName, Question>> = {
  hostname: {
    text: 'The full name of this host, as other mail servers see it',
    purposes: every,
    isOptional: false,
    proposes: ({ hostname }) => (hostname.endsWith('.localdomain') ? undefined : hostname),
    check: hostName,
  },
  domain: {
    text: 'The domains that it is for, with commas',
    purposes: ['submission', 'mx-backup', 'mail'],
    isOptional: false,
    proposes: (_, purpose, { hostname = '' }) => (purpose === 'mx-backup' ? undefined : domainOf(hostname)),
    check: each(parseDomain),
  },
  network: {
    text: 'The networks whose hosts may send to anyone, with commas: only networks that you run yourself',
    purposes: ['relay', 'smarthost'],
    isOptional: true,
    proposes: ({ networks }, purpose) => (purpose === 'relay' ? networks.join(', ') : ''),
    check: each(parseNetwork),
  },
  smarthost: {
    text: 'The smarthost, HOST or HOST:PORT; port 587 is usual with a log-in, smtps://HOST for TLS from the first byte',
    purposes: ['smarthost'],
    isOptional: false,
    proposes: () => undefined,
    check: parseRelayHost,
  },
  login: {
    text: 'The user name to log in with at the smarthost; nothing: no log-in',
    purposes: ['smarthost'],
    isOptional: true,
    proposes: () => '',
    check: plainText,
  },
  primary: {
    text: 'The first mail server of these domains, HOST or HOST:PORT; nothing: the MX that the DNS names before this host',
    purposes: ['mx-backup'],
    isOptional: true,
    proposes: () => '',
    check: parseRelayHost,
  },
  lmtp: {
    text: 'The LMTP service of Dovecot: unix:/path of its socket, or HOST:PORT',
    purposes: ['mail'],
    isOptional: false,
    proposes: ({ lmtp }) => lmtp ?? 'unix:/run/dovecot/lmtp',
    check: parseLmtpServer,
  },
  mailbox: {
    text: 'The addresses with a mailbox, with commas; more can be added to a file later',
    purposes: ['mail'],
    isOptional: false,
    proposes: (_facts, _purpose, { domain = '' }) =>
      listOf(domain)
        .map((each) => `postmaster@${each}`)
        .join(', '),
    check: each(parseMailbox),
  },
  listen: {
    text: 'The addresses to listen on, with commas',
    purposes: every,
    isOptional: false,
    proposes: ({ isRoot }, purpose, { network = '' }) => {
      if (purpose === 'submission') return isRoot ? '0.0.0.0:587, 0.0.0.0:465' : '127.0.0.1:5870';
      if (!isRoot) return '127.0.0.1:2525';
      // Without a network, only programs of this host send.
      return purpose === 'smarthost' && network === '' ? '127.0.0.1:25' : '0.0.0.0:25';
    },
    check: each(parseListenEndpoint),
    isAsked: () => false,
  },
  certificate: {
    text: 'The file with the certificate of this host and those above it (fullchain.pem); nothing: a self-signed one',
    purposes: ['submission', 'mail', 'mx-backup'],
    isOptional: true,
    proposes: () => '',
    check: absolutePath,
  },
  key: {
    text: 'The file with the private key of the certificate (privkey.pem)',
    purposes: ['submission', 'mail', 'mx-backup'],
    isOptional: false,
    proposes: (_facts, _purpose, { certificate = '' }) => certificate.replace(/[^/]*$/, 'privkey.pem'),
    check: absolutePath,
    isAsked: (_, { certificate = '' }) => certificate !== '',
  },
  'run-as': {
    text: 'The user of the system that its processes run as',
    purposes: every,
    isOptional: false,
    proposes: () => 'sluice',
    check: userName,
    isAsked: ({ isRoot }) => isRoot,
  },
};

/** The domain above the name of a host. */
export function domainOf(hostname: string): string {
  const above = hostname.slice(hostname.indexOf('.') + 1);
  return above.includes('.') ? above : hostname;
}
