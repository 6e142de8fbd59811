// Warns of filters and defences that can never do what they are for, or that ask this Sluice itself.

import { formatListAnswer } from '../../values/list-answer.ts';
import { parseServiceAddress } from '../../values/service-address.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { DnsListsStageConfig, StageConfig } from '../stage-config.ts';
import { listensAt } from './own-targets.ts';

type Warning = ConfigWarning;
type Path = ConfigWarning['path'];

/** The version since which milters know QUIT_NC. */
const quitForNext = 6;

export function filterWarnings(config: Config): Warning[] {
  return config.stage.flatMap((stage, index) => {
    const path: Path = ['stage', index];
    switch (stage.kind) {
      case 'dns-lists':
        return listWarnings(stage, path);
      case 'content-checks':
        return hasTables(stage)
          ? []
          : [
              {
                path,
                message: `${stage.name} has no table, and looks at nothing: name one in header_checks`,
              },
            ];
      case 'greylist':
        return stage.window > stage.delay
          ? []
          : [
              {
                path: [...path, 'window'],
                message:
                  'is not longer than delay: what has waited so long is forgotten, and nothing ever comes through',
              },
            ];
      case 'tarpit':
        return stage.afterRecipients !== undefined || stage.afterRefused !== undefined
          ? []
          : [
              {
                path,
                message: `${stage.name} makes nobody wait whom no rule for clients names: set after_recipients or after_refused`,
              },
            ];
      case 'greeting':
        return stage.teaser === undefined || stage.delay > 0
          ? []
          : [{ path: [...path, 'teaser'], message: 'is not sent without a delay' }];
      case 'milter':
        return [
          ...ownAddressWarnings(stage, config, [...path, 'address']),
          ...(stage.reuseConnections && stage.protocol < quitForNext
            ? [
                {
                  path: [...path, 'reuse_connections'],
                  message: `needs a milter of protocol ${quitForNext}, and protocol says ${stage.protocol}: others do not know the command for it`,
                },
              ]
            : []),
        ];
      case 'policy-server':
      case 'clamd':
        return ownAddressWarnings(stage, config, [...path, 'address']);
      default:
        return [];
    }
  });
}

function hasTables(stage: Extract<StageConfig, { readonly kind: 'content-checks' }>): boolean {
  const { headerChecks, mimeHeaderChecks = [], nestedHeaderChecks = [], bodyChecks } = stage;
  return [headerChecks, mimeHeaderChecks, nestedHeaderChecks, bodyChecks].some(({ length }) => length > 0);
}

function ownAddressWarnings(
  { name, address }: { readonly name: string; readonly address: string },
  config: Config,
  path: Path,
): Warning[] {
  if (!listensAt(parseServiceAddress(address, 'a filter'), config)) return [];
  return [
    {
      path,
      message: `${address} is a listener of this Sluice itself, which is no filter: ${name} would always fail`,
    },
  ];
}

const thresholds = [
  ['reject_at', 'rejectAt'],
  ['tempfail_at', 'tempfailAt'],
  ['quarantine_at', 'quarantineAt'],
  ['mark_at', 'markAt'],
] as const;

/** RFC 5782 5: 127.0.0.1 is never on a list of addresses, so that it is known to work. As an answer it says that a list is used wrongly. */
const notListed = '127.0.0.1';

function listWarnings(stage: DnsListsStageConfig, path: Path): Warning[] {
  const most = stage.list.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  const warnings: Warning[] = thresholds.flatMap(([key, name]) => {
    const at = stage[name];
    if (at === undefined || at <= most) return [];
    return [
      { path: [...path, key], message: `is never reached: the weights of all lists are ${most} together` },
    ];
  });
  const { rejectAt, tempfailAt = Infinity, markAt } = stage;
  const refusedAt = Math.min(rejectAt ?? Infinity, tempfailAt);
  if (markAt !== undefined && markAt >= refusedAt && markAt <= most)
    warnings.push({
      path: [...path, 'mark_at'],
      message: `marks no mail: it is refused from a score of ${refusedAt} on`,
    });
  for (const [at, { answers }] of stage.list.entries()) {
    if (answers?.every((each) => formatListAnswer(each) === notListed) !== true) continue;
    warnings.push({
      path: [...path, 'list', at, 'answers'],
      message: `no list answers ${notListed} for what is on it (RFC 5782 5): its entries are answered from 127.0.0.2 on`,
    });
  }
  return warnings;
}
