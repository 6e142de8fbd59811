// From [[stage]] of kind "policy-server" to stages. Those that follow each other in the file are one list, as smtpd_recipient_restrictions of Postfix is.

import type { Config } from '../config/config.ts';
import type { PolicyServerConfig } from '../config/stage-config.ts';
import { version } from '../config/version.ts';
import { dialService } from '../io/dial-service.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { IdleConnections } from '../policy/idle-connections.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { PolicyConnection } from '../policy/policy-server/policy-connection.ts';
import { PolicyConnections } from '../policy/policy-server/policy-connections.ts';
import { PolicyList } from '../policy/policy-server/policy-list.ts';
import { PolicyListEnd } from '../policy/policy-server/policy-list-end.ts';
import { PolicyServerStage } from '../policy/policy-server/policy-server-stage.ts';
import type { PolicyPoint } from '../values/policy-points.ts';
import { parseServiceAddress } from '../values/service-address.ts';
import { routeNames } from './route-rules.ts';
import { scannerStage, type ScannerSurroundings } from './scanner-stage.ts';

export interface PolicyServerSurroundings extends ScannerSurroundings {
  readonly names: Pick<ClientNames, 'of'>;
  readonly log: { info(text: string): void };
}

/** @returns the stages of the list that begins with this server; none where it is amid a list */
export function policyServerStages(
  first: PolicyServerConfig,
  { route, stage }: Pick<Config, 'route' | 'stage'>,
  parts: PolicyServerSurroundings,
): readonly StageEntry[] {
  const servers = listsIn(stage).find(([each]) => each === first);
  if (servers === undefined) return [];
  const list = new PolicyList();
  const routes = routeNames(route);
  const last = servers.at(-1);
  const members = servers.map((server) => ({
    stage: policyServer(server, { ...parts, list, routes, isLast: server === last }),
  }));
  // Nothing of what it says is done.
  if (last?.testOnly === true) return members;
  const points = new Set<PolicyPoint>(servers.flatMap(({ askAt }) => askAt));
  // No [[stage]] has such a name.
  const name = `end of ${servers.map((server) => server.name).join(', ')}`;
  return [...members, { stage: new PolicyListEnd(name, list, points) }];
}

/** Policy servers that follow each other in the file. One that is only tested says nothing to others. */
function listsIn(all: Config['stage']): readonly (readonly PolicyServerConfig[])[] {
  const lists: PolicyServerConfig[][] = [];
  for (const [index, each] of all.entries()) {
    if (each.kind !== 'policy-server') continue;
    const before = all[index - 1];
    if (before?.kind === 'policy-server' && !before.testOnly && !each.testOnly) lists.at(-1)?.push(each);
    else lists.push([each]);
  }
  return lists;
}

interface ListParts extends PolicyServerSurroundings {
  readonly list: PolicyList;
  readonly routes: ReadonlySet<string>;
  readonly isLast: boolean;
}

function policyServer(config: PolicyServerConfig, parts: ListParts): PolicyServerStage {
  const { deadlines, list, routes, isLast, log } = parts;
  const { turn, ...common } = scannerStage(config, parts);
  return new PolicyServerStage({
    ...common,
    timeLimitMs: config.timeLimit,
    points: new Set(config.askAt),
    attributes: { context: config.context, program: `Sluice ${version}` },
    connections: new PolicyConnections({
      turn,
      connection: {
        dial: dialService,
        deadlines,
        address: parseServiceAddress(config.address, 'a policy server'),
      },
      idle: new IdleConnections<PolicyConnection>({ most: config.connections, longestMs: config.keepIdle }),
      longestMs: config.keepOpen,
    }),
    names: config.clientNames ? parts.names : undefined,
    list,
    isLast,
    routes,
    log,
  });
}
