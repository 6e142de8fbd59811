// Warns of filters and defences that can never do what they are for, or that ask this Sluice itself.

import { parseServiceAddress } from '../../values/service-address.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { StageConfig } from '../stage-config.ts';
import { listWarnings } from './list-warnings.ts';
import { listensAt } from './own-targets.ts';

type Warning = ConfigWarning;
type Path = ConfigWarning['path'];

/** Where the proxy worker of rspamd speaks the milter protocol, as it is installed. */
const rspamdMilterPort = 11_332;

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
      case 'rspamd':
        return [
          ...milterPortWarnings(stage, [...path, 'address']),
          ...ownAddressWarnings(stage, config, [...path, 'address']),
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

function milterPortWarnings({ address }: { readonly address: string }, path: Path): Warning[] {
  const service = parseServiceAddress(address, 'rspamd');
  if (service.kind !== 'tcp' || service.port !== rspamdMilterPort) return [];
  return [
    {
      path,
      message: `${rspamdMilterPort} is the port where rspamd speaks the milter protocol as it is installed: name its port for HTTP (11333), or take kind "milter"`,
    },
  ];
}
