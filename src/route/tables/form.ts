// The forms of tables of routes: which keys are asked for, and what a value says. Chosen in one place.

import { addressKeys, parentKeys, type Subject } from './keys.ts';
import { readSenderRelayHost, readTransport } from './postfix.ts';
import { readQmtpRoute, readSmtpRoute } from './qmail.ts';
import { type TableWay, wrong } from './way.ts';

export type RouteTableForm =
  | 'routes'
  | 'transport'
  | 'relayhost'
  | 'smtproutes'
  | 'qmtproutes'
  | 'authsenders';

/** The key of the entry for all that have no other: also that of a line of qmail which begins with its colon. */
export const keyOfAll = '*';
/** s/qmail: the entry for bounces. */
const keyOfBounces = '!@';

export interface RouteForm {
  /** The keys of an entry about this address, of which the first that is in the table counts. */
  readonly keys: (subject: Subject) => readonly string[];
  /** Of several lines with one key, the last one counts, and not the first. */
  readonly lastCounts: boolean;
  /**
   * Why no mail asks for this key, as a clause; undefined: some may.
   */
  readonly neverAsked: (key: string) => string | undefined;
  /**
   * Reads a value; never throws.
   * @param domain - of the recipient, in canonical form
   * @param hasRoute - is there a [[route]] of this name?
   */
  readonly read: (value: string, domain: string, hasRoute: (name: string) => boolean) => TableWay;
}

/** @param below - what stands before a domain for the names below it, and `other`, which means that elsewhere */
function neverAsked(key: string, below: '.' | '*.', other: '.' | '*.'): string | undefined {
  const asked = 'no mail asks for this key';
  if (key.startsWith(other) && !key.startsWith(below))
    return `${asked}: the names below a domain are written ${below}${key.slice(other.length)}`;
  if (key.length > 1 && key.endsWith('.')) return `${asked}: leave out the dot at its end`;
  return undefined;
}

/** As in a [[route]]: the domain itself, then the longest `*.suffix`. */
const own: RouteForm = {
  keys: (subject) => [
    ...addressKeys(subject),
    ...(subject.address === '' ? ['<>'] : [subject.domain, ...parentKeys(subject.domain, '*.')]),
    keyOfAll,
  ],
  lastCounts: false,
  neverAsked: (key) =>
    key.startsWith('@')
      ? `no mail asks for this key: a domain is written without "@"`
      : neverAsked(key, '*.', '.'),
  read: (value, _, hasRoute) =>
    hasRoute(value)
      ? { kind: 'route', name: value }
      : wrong(`it names the route ${JSON.stringify(value.slice(0, 100))}, and no [[route]] has this name`),
};

/** transport(5), TABLE SEARCH ORDER; `@domain` is that of tables by sender. */
const transport: RouteForm = {
  keys: (subject) => [
    ...addressKeys(subject),
    ...(subject.address === ''
      ? ['<>']
      : [
          subject.domain,
          ...(subject.isSender ? [`@${subject.domain}`] : []),
          ...parentKeys(subject.domain, '.'),
        ]),
    keyOfAll,
  ],
  lastCounts: false,
  neverAsked: (key) => neverAsked(key, '.', '*.'),
  read: (value, _, hasRoute) => readTransport(value, hasRoute),
};

/** qmail-remote(8): the domain, then the name behind each of its dots, then the line without a domain. */
const smtproutes: RouteForm = {
  keys: ({ domain, isBounce }) => [
    ...(isBounce ? [keyOfBounces] : []),
    domain,
    ...parentKeys(domain, '.'),
    keyOfAll,
  ],
  lastCounts: true,
  neverAsked: (key) =>
    key.includes('@') && key !== keyOfBounces
      ? 'no mail asks for this key: this form is about domains alone'
      : neverAsked(key, '.', '*.'),
  read: readSmtpRoute,
};

export const routeForms: Readonly<Record<RouteTableForm, RouteForm>> = {
  routes: own,
  transport,
  relayhost: { ...transport, read: readSenderRelayHost },
  smtproutes,
  qmtproutes: { ...smtproutes, read: readQmtpRoute },
  authsenders: { ...transport, lastCounts: true, read: readSmtpRoute },
};
