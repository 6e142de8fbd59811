// From [[etrn]] to the servers that are asked for mail that waits there, each with the rule by which its addresses, its TLS and its log-in are found.

import type { Config } from '../config/config.ts';
import type { RouteRule } from '../route/route-rule.ts';
import { planKey } from '../route/plan-key.ts';
import { formatRelayHost } from '../values/endpoint.ts';
import { hopLogin } from './credentials.ts';

type EtrnTables = Pick<Config, 'credential' | 'etrn'>;

/** A server that is asked. */
export interface AskedServer {
  /** As the configuration writes it; `host:port`. */
  readonly name: string;
  /** The key of its plan. */
  readonly key: string;
  /** Whose mail, as the command has it. */
  readonly nodes: readonly string[];
  readonly atStart: boolean;
  /** Ms; undefined: not again. */
  readonly everyMs: number | undefined;
}

interface ServerOfTable {
  readonly server: AskedServer;
  readonly rule: RouteRule;
}

function serversOf({ credential: credentials, etrn }: EtrnTables): readonly ServerOfTable[] {
  return etrn.flatMap(({ ask, atStart, credential, every, relay, tls }, index) => {
    const found = credentials.find(({ name }) => name === credential);
    return relay.map((host) => {
      const login = found && hopLogin(found);
      const rule: RouteRule = {
        name: `[[etrn]] ${index + 1}`,
        isUnnamed: true,
        match: { kind: 'chosen' },
        target: { kind: 'smarthost', hosts: [host], mode: 'failover', tls, login },
      };
      const server = { name: formatRelayHost(host), key: planKey(rule), nodes: ask, atStart, everyMs: every };
      return { server, rule };
    });
  });
}

/** Rules that no mail takes. */
export function etrnRules(tables: EtrnTables): RouteRule[] {
  return serversOf(tables).map(({ rule }) => rule);
}

export function askedServers(tables: EtrnTables): readonly AskedServer[] {
  return serversOf(tables).map(({ server }) => server);
}
