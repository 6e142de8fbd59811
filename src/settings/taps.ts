// From [[tap]] to the stage that adds copies for archives.

import type { Config } from '../config/config.ts';
import type { Events } from '../log/events.ts';
import { FollowedFile } from '../policy/followed-file.ts';
import { addressExpression } from '../policy/taps/address-expression.ts';
import { parseTapFile } from '../policy/taps/tap-file.ts';
import { TapRules } from '../policy/taps/tap-rules.ts';
import { type NotedCopy, type TapSet, TapStage } from '../policy/taps/tap-stage.ts';

/** Some hundred thousand lines. */
const mostFileBytes = 16 * 1024 * 1024;

export interface TapParts {
  readonly events: Pick<Events, 'happened'>;
  readonly log: { info(text: string): void };
}

/** Undefined where there is no tap. */
export function tapStage({ tap: all }: Pick<Config, 'tap'>, { events, log }: TapParts): TapStage | undefined {
  if (all.length === 0) return undefined;
  return new TapStage(
    all.map((each) => tapSet(each, log)),
    ({ queueId, set, hit }: NotedCopy) => {
      events.happened('copied', {
        id: queueId,
        to: hit.tap.copyTo,
        tap: `${set}, ${hit.tap.text}`,
        side: hit.isSender ? 'sender' : 'recipient',
        address: hit.address,
      });
    },
  );
}

function tapSet(
  {
    name,
    file,
    match = '',
    except = false,
    side = 'either',
    copyTo = '',
    direction,
    tenant,
  }: Config['tap'][number],
  log: TapParts['log'],
): TapSet {
  const tenants = tenant === undefined ? undefined : new Set(tenant);
  if (file === undefined) {
    const own = {
      side,
      expression: addressExpression(match),
      isNegated: except,
      copyTo,
      text: `match ${match}`,
    };
    return { name, direction, tenants, rules: new TapRules([own]) };
  }
  const rules = new FollowedFile({
    path: file,
    mostBytes: mostFileBytes,
    lookEveryMs: 0,
    parse: (text) => {
      const taps = parseTapFile(text);
      log.info(`tap "${name}": ${file} has ${taps.length} ${taps.length === 1 ? 'line' : 'lines'} in force`);
      return new TapRules(taps);
    },
    nowMs: () => performance.now(),
  });
  return { name, direction, tenants, rules };
}
