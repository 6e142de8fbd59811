// CAPA (RFC 2449) and the mechanisms that are offered (RFC 5034).

import type { Pop3Security, Pop3SessionOptions } from './server-types.ts';

/** What decides about capabilities beside the options. */
export interface OfferFacts {
  /** Undefined before TLS. */
  readonly security: Pop3Security | undefined;
  readonly isLoggedIn: boolean;
  /** TLS is under way already, or is not possible any more. */
  readonly mayStartTls: boolean;
}

/** Mechanisms that are offered now. */
export function offeredMechanisms(
  { logins }: Pick<Pop3SessionOptions, 'logins'>,
  security: Pop3Security | undefined,
): readonly string[] {
  if (security === undefined) return logins.clear;
  // RFC 5801 8: what binds to the connection has a name with this end.
  return logins.secure.filter((name) =>
    name.endsWith('-PLUS') ? security.isBindable : name !== 'EXTERNAL' || security.isIdentified,
  );
}

/** USER and PASS say a password as PLAIN and LOGIN do, and are offered where one of these is. */
export function takesPasswords(mechanisms: readonly string[]): boolean {
  return mechanisms.includes('PLAIN') || mechanisms.includes('LOGIN');
}

/** Lines of the answer to CAPA, behind +OK. Most clients ask once, before the log-in, and go by that. */
export function capabilityLines(options: Pop3SessionOptions, facts: OfferFacts): string {
  const { implementation, loginDelaySeconds } = options;
  const mechanisms = offeredMechanisms(options, facts.security);
  const lines = [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    'EXPIRE NEVER',
    // RFC 6856 2: names and passwords may be in UTF-8, too.
    'UTF8 USER',
    ...(loginDelaySeconds > 0 ? [`LOGIN-DELAY ${loginDelaySeconds}`] : []),
    ...(takesPasswords(mechanisms) ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(' ')}`] : []),
    ...(facts.mayStartTls ? ['STLS'] : []),
    `IMPLEMENTATION ${implementation}`,
  ];
  return `${lines.join('\r\n')}\r\n.\r\n`;
}
