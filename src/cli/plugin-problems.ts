// What is wrong with plugins now, for `sluice check` and for a reload: each is loaded and set up once, in a confined process of its own.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import type { PluginStageConfig } from '../config/stage-config.ts';
import { StartError } from '../errors/start-error.ts';
import { tryPlugin } from '../plugin/trial/try-plugin.ts';
import type { Trial } from '../plugin/trial/trial-types.ts';
import type { PluginPoint } from '../plugin/types.ts';
import { points as sessionPoints } from '../policy/stage.ts';
import { roleUsers } from '../process/privileges/role-users.ts';
import { inheritedVariables } from '../settings/programs.ts';

/** All plugins together have so long; those that come too late are not tried. */
const longestMs = 30_000;
/** A plugin that is not set up after so long cannot be used. With less, which plugins before it have left, that cannot be said. */
const enoughMs = 20_000;
/** What of the time a setup may wait: in the rest its process starts and ends. */
const shareOfWait = 0.9;

export interface PluginProblems {
  /** A plugin with these cannot do what the configuration wants: a reload is refused. */
  readonly problems: readonly ConfigWarning[];
  readonly warnings: readonly ConfigWarning[];
}

type Plugins = Pick<
  Config,
  'stage' | 'user' | 'users' | 'control' | 'controlSocket' | 'queues' | 'processes'
>;

/** @param isWanted - which plugins are tried; all, when not given */
export async function pluginProblems(
  config: Plugins,
  isWanted: (stage: PluginStageConfig) => boolean = () => true,
): Promise<PluginProblems> {
  const problems: ConfigWarning[] = [];
  const warnings: ConfigWarning[] = [];
  const untilMs = performance.now() + longestMs;
  for (const [index, stage] of config.stage.entries()) {
    if (stage.kind !== 'plugin' || !isWanted(stage)) continue;
    const trial = await trialOf(stage, config, untilMs - performance.now());
    const found = problemsOf(stage, trial, ['stage', index]);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  return { problems, warnings };
}

async function trialOf(stage: PluginStageConfig, config: Plugins, leftMs: number): Promise<Trial> {
  if (leftMs <= 0) return { kind: 'unknown', reason: 'the plugins before it took too long' };
  const { name, file, options } = stage;
  try {
    const users = roleUsers(config)?.of;
    const identity = stage.incoming ? users?.receiver : users?.manager;
    return await tryPlugin(
      { name, file, options },
      {
        timeLimitMs: leftMs,
        waitMs: leftMs * shareOfWait,
        isEnough: leftMs >= enoughMs,
        identity: identity && { uid: identity.uid, gid: identity.gid },
        environment: inheritedVariables(),
      },
    );
  } catch (error) {
    if (error instanceof StartError)
      return { kind: 'unknown', reason: 'there is no user that it may run as' };
    return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
  }
}

function problemsOf(stage: PluginStageConfig, trial: Trial, path: ConfigWarning['path']): PluginProblems {
  const { file, delivery, incoming } = stage;
  switch (trial.kind) {
    case 'unusable': {
      const { option, reason } = trial;
      const place = option === undefined ? [...path, 'file'] : [...path, 'options', option];
      const message = `the plugin cannot be used: ${reason}. Correct ${option === undefined ? 'it, which "sluice plugin test" helps with, or name another file' : 'the option; the head of the plugin says what it takes'}`;
      return { problems: [{ path: place, message }], warnings: [] };
    }
    case 'unknown': {
      const message = `whether the plugin can be used cannot be said from here: ${trial.reason}. When it is in force, "sluice status" says it`;
      return { problems: [], warnings: [{ path: [...path, 'file'], message }] };
    }
    case 'usable': {
      const has = new Set(trial.points);
      const problem = (key: string, message: string) => ({ path: [...path, key], message });
      const lacking = delivery.filter((point) => !has.has(point));
      const ofSession = sessionPoints.filter((point) => has.has(point));
      return {
        problems: [
          ...lacking.map((point) =>
            problem(
              'delivery',
              `names "${point}", and ${file} has no function of this name, only ${listed(trial.points)}. Add the function, or take "${point}" out of delivery`,
            ),
          ),
          ...(incoming || delivery.length === 0 || ofSession.length === 0
            ? []
            : [
                problem(
                  'delivery',
                  `is given, so that the plugin is asked about delivery alone, and ${file} has functions for incoming mail, too: ${listed(ofSession)}. Set incoming = true, so that they are asked, or take them out`,
                ),
              ]),
        ],
        warnings: unaskedPoints(trial.points, stage).map((text) => problem('file', text)),
      };
    }
  }
}

/** Functions that nobody calls, which may be a mistake. */
function unaskedPoints(
  points: readonly PluginPoint[],
  { delivery, incoming }: PluginStageConfig,
): readonly string[] {
  if (!incoming && delivery.length === 0)
    return ['the plugin is never asked: incoming is false, and delivery names no point'];
  if (points.length === 0) return ['the plugin has no function for any point, so that it is never asked'];
  return (['route', 'attempt'] as const)
    .filter((point) => points.includes(point) && !delivery.includes(point))
    .map((point) => `the plugin has a function "${point}", which is called only if delivery names it`);
}

function listed(points: readonly PluginPoint[]): string {
  return points.length === 0 ? 'none' : points.join(', ');
}
