// The mechanisms that a listener offers (RFC 4954), and their exchanges.

import type { Directory } from '../directory/types.ts';
import type { Exchange, ExchangeFacts } from './exchange.ts';
import { LoginExchange, PlainExchange } from './password-exchanges.ts';
import { type ChannelBindings, ScramExchange } from './scram-exchange.ts';

export const mechanismNames = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
export type MechanismName = (typeof mechanismNames)[number];

/** @returns undefined for an unknown name. @param text - in any case */
export function mechanismOf(text: string): MechanismName | undefined {
  const upper = text.toUpperCase();
  return mechanismNames.find((name) => name === upper);
}

/** Begins an exchange. @param bindings - of the connection; empty when PLUS is not offered */
export function beginExchange(
  name: MechanismName,
  directory: Directory,
  facts: ExchangeFacts,
  bindings: ChannelBindings,
): Exchange {
  switch (name) {
    case 'PLAIN':
      return new PlainExchange(directory, facts);
    case 'LOGIN':
      return new LoginExchange(directory, facts);
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-256-PLUS':
      return new ScramExchange(directory, facts.client, bindings, name === 'SCRAM-SHA-256-PLUS');
  }
}
