// The mechanisms that a listener offers (RFC 4954), and their exchanges.

import type { Directory } from '../directory/types.ts';
import { type MechanismName, mechanismNames } from '../values/login-mechanism.ts';
import type { Exchange, ExchangeFacts } from './exchange.ts';
import { ExternalExchange } from './external-exchange.ts';
import { LoginExchange, PlainExchange } from './password-exchanges.ts';
import { type ChannelBindings, ScramExchange } from './scram-exchange.ts';
import { oauthBearer, TokenExchange, type TokenHints, xoauth2 } from './token-exchanges.ts';

/** Offered where there is an issuer of tokens. */
export const tokenMechanisms = ['OAUTHBEARER', 'XOAUTH2'] as const satisfies readonly MechanismName[];

/** @returns undefined for an unknown name. @param text - in any case */
export function mechanismOf(text: string): MechanismName | undefined {
  const upper = text.toUpperCase();
  return mechanismNames.find((name) => name === upper);
}

/** What an exchange may use of the connection, and of the listener. */
export interface ExchangeParts {
  /** Of the connection; empty when PLUS is not offered. */
  readonly bindings: ChannelBindings;
  readonly hints: TokenHints;
  /** Addresses that the client's certificate names; empty when EXTERNAL is not offered. */
  readonly certificateNames: readonly string[];
}

export function beginExchange(
  name: MechanismName,
  directory: Directory,
  facts: ExchangeFacts,
  { bindings, hints, certificateNames }: ExchangeParts,
): Exchange {
  switch (name) {
    case 'PLAIN':
      return new PlainExchange(directory, facts);
    case 'LOGIN':
      return new LoginExchange(directory, facts);
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-256-PLUS':
      return new ScramExchange(directory, facts.client, bindings, name === 'SCRAM-SHA-256-PLUS');
    case 'OAUTHBEARER':
      return new TokenExchange(directory, facts, oauthBearer, hints);
    case 'XOAUTH2':
      return new TokenExchange(directory, facts, xoauth2, hints);
    case 'EXTERNAL':
      return new ExternalExchange(directory, facts, certificateNames);
  }
}
