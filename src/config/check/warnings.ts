// Warnings of values that are valid but probably not meant. `sluice check` and the start print them.

import type { Config, LimitConfig } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import { aliasWarnings } from './alias-warnings.ts';
import { contentFilterWarnings } from './content-filter-warnings.ts';
import { credentialWarnings } from './credential-warnings.ts';
import { filterWarnings } from './filter-warnings.ts';
import { liftedLimitWarnings } from './lifted-limits.ts';
import { loopWarnings } from './loop-warnings.ts';
import type { Path } from '../read/toml.ts';
import { pop3Warnings } from './pop3-warnings.ts';
import { scannerWarnings } from './scanner-warnings.ts';
import { sendingWarnings } from './sending-warnings.ts';
import { signingWarnings } from './signing-warnings.ts';
import { isNothingVerified, stageWarnings } from './stage-warnings.ts';
import { timeWarnings } from './time-warnings.ts';
import { tlsWarnings } from './tls-warnings.ts';
import { unreachableTenants } from './unreachable-tenants.ts';
import { wideNetworkWarnings } from './wide-networks.ts';
import { wayWarnings } from './way-warnings.ts';
import { formatDuration } from '../../values/duration.ts';
import { formatSize } from '../../values/size.ts';
import { isIP } from '../../values/ip-version.ts';

/** All warnings, in no particular order. */
export function configWarnings(config: Config): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const warn = (path: Path, message: string): void => void warnings.push({ path, message });
  if (config.queue.sync === 'none') {
    warn(
      ['queue', 'sync'],
      '"none" means that a power cut loses mail whose senders were told that it is safe',
    );
  }
  if (config.receive.memoryLimit < config.receive.largeMessage * 2) {
    warn(
      ['receive', 'memory_limit'],
      `${formatSize(config.receive.memoryLimit)} hardly holds one message of large_message (${formatSize(config.receive.largeMessage)})`,
    );
  }
  if (config.queue.bounceLifetime > config.queue.lifetime) {
    warn(
      ['queue', 'bounce_lifetime'],
      'longer than lifetime; bounces would wait longer than the mail they are about',
    );
  }
  if (isVerificationForgotten(config)) {
    warn(
      ['verification', 'mode'],
      'is "off", so that the other keys of [verification] have no effect: set it to "test" or "on"',
    );
  }
  if (config.reports.dmarc && isNothingVerified(config)) {
    warn(
      ['reports', 'dmarc'],
      'is true, but no mail is verified: set mode in [verification] to "test" or "on"',
    );
  }
  const { unansweredAfter, unansweredGiveUp } = config.deliver;
  if (unansweredGiveUp < unansweredAfter) {
    warn(
      ['deliver', 'unanswered_give_up'],
      `${formatDuration(unansweredGiveUp)} is shorter than unanswered_after (${formatDuration(unansweredAfter)}): connections would be given up before they count as unanswered`,
    );
  }
  if (config.hostname.endsWith('.localdomain')) {
    warn(
      ['hostname'],
      `${config.hostname} is not a name that others can look up; set it to this host's full name before you send mail to the Internet`,
    );
  }
  const header = config.receive.priorityHeader?.toLowerCase();
  if (header === 'x-priority' || header === 'importance' || header === 'priority') {
    warn(
      ['receive', 'priority_header'],
      `${config.receive.priorityHeader} has another scale than -9 to 9; "MT-Priority" is the field of RFC 6758`,
    );
  }
  return [
    ...aliasWarnings(config),
    ...wideNetworkWarnings(config),
    ...warnings,
    ...timeWarnings(config),
    ...sourceWarnings(config),
    ...limitWarnings(config),
    ...tenantWarnings(config),
    ...relayWarnings(config),
    ...pop3Warnings(config),
    ...tlsWarnings(config),
    ...scannerWarnings(config),
    ...contentFilterWarnings(config),
    ...loopWarnings(config),
    ...stageWarnings(config),
    ...filterWarnings(config),
    ...sendingWarnings(config),
    ...wayWarnings(config),
    ...credentialWarnings(config),
    ...signingWarnings(config),
  ];
}

function sourceWarnings({ source, deliver }: Config): ConfigWarning[] {
  if (source.length === 0) return [];
  return ([4, 6] as const)
    .filter((version) => (version === 4 ? deliver.ipv4 : deliver.ipv6))
    .filter((version) => !source.some(({ address }) => isIP(address) === version))
    .map((version) => ({
      path: ['source'],
      message: `none has an IPv${version} address, so nothing is delivered to IPv${version} addresses; if that is meant, write ipv${version} = false in [deliver]`,
    }));
}

function limitWarnings(config: Config): ConfigWarning[] {
  const most = config.deliver.maxConnections;
  const warnings: ConfigWarning[] = [];
  for (const [index, limit] of config.limit.entries()) {
    const { connections, domain, domainFile, per } = limit;
    const warn = (key: string, message: string): void =>
      void warnings.push({ path: ['limit', index, key], message });
    if (hasNoMatch(limit) && typeof connections === 'number' && connections > most && most > 0) {
      warn(
        'connections',
        `${connections} can never be reached, since max_connections in [deliver] is ${most}`,
      );
    }
    if (per.includes('source') && config.source.length === 0) {
      warn(
        'per',
        'there is no [[source]], so all connections count for one source, which the system chooses',
      );
    }
    if (domain?.length === 0) {
      warn('domain_file', `${domainFile} names no domain, so the limit applies to no mail`);
    }
    for (const { key, message } of liftedLimitWarnings(limit, config.limit)) warn(key, message);
  }
  return warnings;
}

function hasNoMatch({ domain, mx, ip, source, tenant }: LimitConfig): boolean {
  return [domain, mx, ip, source, tenant].every((match) => match === undefined);
}

/** Warns of hosts on the port where TLS begins before the greeting (RFC 8314 3.3), without it: both sides would wait. */
function relayWarnings({ route }: Config): ConfigWarning[] {
  return route.flatMap((each, index) =>
    each.kind !== 'relay'
      ? []
      : each.relay.flatMap(({ host, implicitTls, port }, at): ConfigWarning[] =>
          port !== 465 || implicitTls === true
            ? []
            : [
                {
                  path: ['route', index, 'relay', at],
                  message: `on port 465, TLS begins before the greeting, so that ${host} would wait for it; write "smtps://${host}:465"`,
                },
              ],
        ),
  );
}

function tenantWarnings({ tenant, stage }: Config): ConfigWarning[] {
  const names = new Set(tenant.map(({ name }) => name));
  return [
    ...unreachableTenants(tenant).map(({ index, takenBy }) => ({
      path: ['tenant', index],
      message: `no mail can belong to ${tenant[index]?.name}, since ${tenant[takenBy]?.name} comes before it and takes the same mail`,
    })),
    ...stage.flatMap(({ name, tenant: wanted = [] }, index) =>
      wanted
        .filter((each) => !names.has(each))
        .map((each) => ({
          path: ['stage', index, 'tenant'],
          message: `no [[tenant]] is called ${each}, so the stage ${name} is not asked for it, unless another stage names that tenant`,
        })),
    ),
  ];
}

/** Whoever sets an action means that it happens. */
function isVerificationForgotten({ verification, verificationRule }: Config): boolean {
  const {
    mode: _mode,
    timeout: _timeout,
    authservId: _authservId,
    arcSealers: _arcSealers,
    ...actions
  } = verification;
  return (
    isNothingVerified({ verification, verificationRule }) &&
    Object.values(actions).some((action) => action !== 'mark')
  );
}
