// Asks servers by ETRN because an operator says so: those of the configuration, or any other.

import type { EtrnQuestion, EtrnServerAnswer } from '../../control/operations/etrn.ts';
import { readTarget, targetKey } from '../../route/target-key.ts';
import type { AskedServer } from '../../settings/etrn.ts';
import { readEtrnNode } from '../../values/etrn-node.ts';
import { ValueError } from '../../values/value-error.ts';
import type { EtrnRequests } from './etrn-requests.ts';

/** @returns an answer for each server; none: no server is meant, or it is not said whose mail */
export async function askByEtrn(
  { host, nodes }: EtrnQuestion,
  servers: readonly AskedServer[],
  requests: Pick<EtrnRequests, 'ask' | 'answered'>,
): Promise<readonly EtrnServerAnswer[]> {
  const wrong = nodes.find((node) => readEtrnNode(node) === undefined);
  if (wrong !== undefined)
    return [unasked(host ?? '', `"${wrong}" is neither a domain, nor "@" and a domain, nor "#" and a name`)];
  const meant = host === undefined ? servers : servers.filter(({ name }) => isMeant(name, host));
  if (meant.length > 0)
    return Promise.all(
      meant.map(async (server) => {
        const outcome = await requests.ask(server.key, nodes.length === 0 ? server.nodes : nodes);
        if (nodes.length === 0) requests.answered(server.key, outcome);
        return shown(server.name, outcome);
      }),
    );
  if (host === undefined || nodes.length === 0) return [];
  try {
    const key = targetKey(readTarget('smarthost', [host], 'failover'));
    return [shown(host, await requests.ask(key, nodes))];
  } catch (error) {
    if (error instanceof ValueError) return [unasked(host, error.message)];
    throw error;
  }
}

/** By its name as configured, or without the port. */
function isMeant(name: string, host: string): boolean {
  const wanted = host.toLowerCase();
  const known = name.toLowerCase();
  return known === wanted || known.replace(/:\d+$/, '') === wanted;
}

function unasked(server: string, reason: string): EtrnServerAnswer {
  return { server, replies: [], reason };
}

function shown(server: string, outcome: Awaited<ReturnType<EtrnRequests['ask']>>): EtrnServerAnswer {
  return outcome.kind === 'answered'
    ? { server, replies: outcome.replies, reason: '' }
    : unasked(server, outcome.reason);
}
