// From [[tap]] to the stage that adds copies for archives.

import type { Config } from '../config/config.ts';
import type { Events } from '../log/events.ts';
import { addressExpression } from '../policy/taps/address-expression.ts';
import type { TapFiles } from '../policy/taps/tap-files.ts';
import { TapRules } from '../policy/taps/tap-rules.ts';
import { type NotedCopy, type TapSet, TapStage } from '../policy/taps/tap-stage.ts';
import { parseResultCondition } from '../values/result-condition.ts';

export interface TapParts {
  readonly events: Pick<Events, 'happened'>;
  /** Of the process, which all listeners share. */
  readonly files: Pick<TapFiles, 'of'>;
  /** Is this a domain that mail is accepted for? In lower-case A-labels. */
  readonly isLocal: (domain: string) => boolean;
}

/** Undefined where there is no tap. */
export function tapStage(
  { tap: all }: Pick<Config, 'tap'>,
  { events, files, isLocal }: TapParts,
): TapStage | undefined {
  if (all.length === 0) return undefined;
  return new TapStage(
    all.map((each) => tapSet(each, files)),
    ({ queueId, set, hit }: NotedCopy) => {
      events.happened('copied', {
        id: queueId,
        to: hit.tap.copyTo,
        tap: `${set}, ${hit.tap.text}`,
        side: hit.isSender ? 'sender' : 'recipient',
        address: hit.address,
      });
    },
    isLocal,
  );
}

/** What a tap says, for the log. */
export function tapText(tap: Config['tap'][number]): string {
  return Object.entries(tap)
    .filter(([key, value]) => key !== 'name' && value !== undefined)
    .map(([key, value]) => `${key === 'copyTo' ? 'copy_to' : key}=${JSON.stringify(value)}`)
    .join(' ');
}

function tapSet(tap: Config['tap'][number], files: TapParts['files']): TapSet {
  const { name, file, match = '', except = false, side = 'either', copyTo = '' } = tap;
  const { direction, destination, results, route, tenant } = tap;
  const tenants = tenant === undefined ? undefined : new Set(tenant);
  const rules =
    file === undefined
      ? new TapRules([
          {
            side,
            expression: addressExpression(match),
            isNegated: except,
            copyTo,
            text: `match ${match}`,
          },
        ])
      : files.of(file);
  return { name, direction, destination, results: results?.map(parseResultCondition), route, tenants, rules };
}
