// What `sluice init` is told: the purpose of the server, and the answers to the questions of that purpose.

import type { Network } from '../../values/network.ts';

export const purposes = {
  relay: 'takes mail of the hosts of your network, and delivers it to the Internet',
  smarthost: 'takes mail of this host (and of a network, if wanted), and sends all of it through a smarthost',
  submission: 'takes mail of users who log in, and delivers it to the Internet',
  'mx-backup': 'takes mail for domains while their first mail server cannot be reached, and passes it on',
  mail: 'takes mail for your domains, and hands it to the mailboxes of Dovecot by LMTP',
} as const;

export type Purpose = keyof typeof purposes;

export interface Answers {
  readonly purpose: Purpose;
  readonly hostname: string;
  /** The user of the system that it runs as; undefined: whoever starts it. */
  readonly runAs: string | undefined;
  /** `host:port` of each listener. */
  readonly listen: readonly string[];
  /** Folders; undefined: the defaults of the configuration. */
  readonly spool: string | undefined;
  readonly sockets: string | undefined;
  /** Who may send to anyone, beside this host. */
  readonly networks: readonly Network[];
  readonly domains: readonly string[];
  readonly smarthost: string | undefined;
  /** The user name at the smarthost; undefined: it wants no log-in. */
  readonly login: string | undefined;
  /** The file with the password for it. */
  readonly passwordFile: string | undefined;
  /** The first mail server; undefined: the one that the DNS says. */
  readonly primary: string | undefined;
  readonly lmtp: string | undefined;
  /** The addresses with a mailbox. */
  readonly mailboxes: readonly string[];
  readonly certificate: { readonly chain: string; readonly key: string } | undefined;
}

/** Files beside the configuration that it names. */
export const besideFiles = {
  password: 'smarthost.password',
  mailboxes: 'mailboxes.list',
  users: 'users.jsonl',
} as const;
