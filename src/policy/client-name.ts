// The name of a client, as milters and policy servers are told of it: the one that its address leads to and that leads back to the address.

import type { ClientNames } from './client-names.ts';
import type { SessionFacts } from './stage.ts';

export interface ClientName {
  /** Leads back to the address. */
  readonly verified: string | undefined;
  /** In the reverse DNS, and perhaps forged. */
  readonly claimed: string | undefined;
  /** As Postfix says it in `{client_resolve}`. */
  readonly status: 'OK' | 'FORGED' | 'TEMP' | 'FAIL';
}

const local: ClientName = { verified: 'localhost', claimed: 'localhost', status: 'OK' };
const unknown: ClientName = { verified: undefined, claimed: undefined, status: 'FAIL' };

/** All who are asked in a session are told the same name. */
const known = new WeakMap<SessionFacts['client'], ClientName | Promise<ClientName>>();

/**
 * @param names - undefined: no name is looked up
 * @returns at once where nothing has to be looked up
 */
export function clientNameOf(
  { client }: SessionFacts,
  names: Pick<ClientNames, 'of'> | undefined,
): ClientName | Promise<ClientName> {
  const { address, frontEnd } = client;
  if (frontEnd?.clientName !== undefined)
    return { ...local, verified: frontEnd.clientName, claimed: undefined };
  // The name of these is known without the DNS.
  if (address === '' || /^(?:::ffff:)?127\.|^::1$/.test(address)) return local;
  if (names === undefined || frontEnd?.knowsClient === false) return unknown;
  let name = known.get(client);
  if (name === undefined) {
    name = lookedUp(address, names);
    known.set(client, name);
  }
  return name;
}

async function lookedUp(address: string, names: Pick<ClientNames, 'of'>): Promise<ClientName> {
  const found = await names.of(address);
  switch (found.kind) {
    case 'names': {
      const [first] = found.names.toSorted();
      return { verified: first, claimed: first, status: 'OK' };
    }
    case 'unconfirmed':
      return { ...unknown, claimed: found.claimed, status: 'FORGED' };
    case 'failed':
      return { ...unknown, status: 'TEMP' };
    case 'none':
      return unknown;
  }
}
