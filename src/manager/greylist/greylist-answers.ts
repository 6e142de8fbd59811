// Operators' questions about greylisting, and what they change.

import type { GreylistStageConfig } from '../../config/stage-config.ts';
import { ControlError } from '../../control/control-error.ts';
import type {
  GreylistAllow,
  GreylistForget,
  GreylistList,
  GreylistNetworks,
  GreylistQuery,
  GreylistStats,
  ShownGreylistNetwork,
} from '../../control/operations/greylist.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Logger } from '../../log/logger.ts';
import { maskedNetwork } from '../../values/masked-network.ts';
import { formatNetwork, type Network, parseNetwork } from '../../values/network.ts';
import { ValueError } from '../../values/value-error.ts';
import type { GreylistThread } from './greylist-thread.ts';
import { forEverMs, type GreylistNetworkRow, type GreylistResult, type GreylistTask } from './messages.ts';

export interface GreylistAnswersParts {
  readonly thread: Pick<GreylistThread, 'carryOut'>;
  readonly clock: Pick<DatedClock, 'nowMs' | 'shownOf'>;
  readonly log: Pick<Logger, 'info'>;
  /** Of the configuration in force. */
  readonly stages: () => readonly GreylistStageConfig[];
}

export class GreylistAnswers {
  readonly #parts: GreylistAnswersParts;

  constructor(parts: GreylistAnswersParts) {
    this.#parts = parts;
  }

  async list(filter: GreylistQuery): Promise<GreylistList> {
    this.#checkStage(filter.stage);
    const { rows, total } = await this.#carryOut({ kind: 'list', filter }, 'rows');
    const { clock } = this.#parts;
    return {
      total,
      rows: rows.map(({ stage, network, sender, domain, attempts, firstMs, passedMs, untilMs }) => ({
        stage,
        network,
        sender,
        domain,
        attempts,
        firstAt: clock.shownOf(firstMs),
        passedAt: passedMs === undefined ? undefined : clock.shownOf(passedMs),
        untilAt: clock.shownOf(untilMs),
      })),
    };
  }

  async networks(filter: GreylistQuery): Promise<GreylistNetworks> {
    this.#checkStage(filter.stage);
    const { rows, total } = await this.#carryOut({ kind: 'networks', filter }, 'networks');
    return { total, rows: rows.map((row) => this.#shownNetwork(row)) };
  }

  async stats(): Promise<readonly GreylistStats[]> {
    this.#checkStage('');
    const { counts } = await this.#carryOut({ kind: 'counts' }, 'counts');
    return counts;
  }

  /** @returns the network that is allowed */
  async allow({ stage: name, network: text, forMs, by }: GreylistAllow): Promise<string> {
    const stage = this.#stage(name);
    const network = networkFor(text, stage);
    const untilMs = forMs === undefined ? undefined : this.#parts.clock.nowMs() + forMs;
    await this.#carryOut({ kind: 'allow', stage: stage.name, network, untilMs }, 'done');
    this.#parts.log.info(`an operator${byWhom(by)} has allowed ${network} in the greylist ${stage.name}`);
    return network;
  }

  /** @returns how much was forgotten */
  async forget({ stage, text, by }: GreylistForget): Promise<number> {
    this.#checkStage(stage);
    const { changed } = await this.#carryOut({ kind: 'forget', stage, text }, 'done');
    const what = text === '' ? 'everything' : text;
    if (changed > 0) this.#parts.log.info(`an operator${byWhom(by)} had the greylist forget ${what}`);
    return changed;
  }

  #shownNetwork({ untilMs, isFixed, ...row }: GreylistNetworkRow): ShownGreylistNetwork {
    const { allowAfter = 0 } = this.#parts.stages().find(({ name }) => name === row.stage) ?? {};
    const isByPasses = allowAfter > 0 && row.passes >= allowAfter;
    return {
      ...row,
      allowed: isFixed ? 'operator' : isByPasses ? 'passes' : undefined,
      untilAt: untilMs === forEverMs ? undefined : this.#parts.clock.shownOf(untilMs),
    };
  }

  /** @param name - empty: any */
  #checkStage(name: string): void {
    const stages = this.#parts.stages();
    if (stages.length === 0) throw noGreylist();
    if (name !== '' && !stages.some((each) => each.name === name)) throw unknownStage(name, stages);
  }

  /** @param name - empty: the only one */
  #stage(name: string): GreylistStageConfig {
    const stages = this.#parts.stages();
    const [only] = stages;
    if (only === undefined) throw noGreylist();
    if (name === '' && stages.length === 1) return only;
    const found = stages.find((each) => each.name === name);
    if (found === undefined) throw unknownStage(name, stages);
    return found;
  }

  async #carryOut<Kind extends GreylistResult['kind']>(
    task: GreylistTask,
    kind: Kind,
  ): Promise<Extract<GreylistResult, { readonly kind: Kind }>> {
    const result = await this.#parts.thread.carryOut(task);
    if (typeof result === 'object' && result.kind === kind)
      return result as Extract<GreylistResult, { readonly kind: Kind }>;
    const reason = typeof result === 'string' ? result : 'it answers something else';
    throw new ControlError(
      'GREYLIST_FAILING',
      `The greylist cannot be asked now: ${reason}.`,
      'Look at greylist.sqlite in the spool\'s folder, and at its disk; "sluice status" says what else is wrong.',
    );
  }
}

/** The network of an address by which a stage counts. */
function networkFor(text: string, { networkIpv4: ipv4, networkIpv6: ipv6 }: GreylistStageConfig): string {
  let network: Network;
  try {
    network = parseNetwork(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    // It may end with a question: did you mean ...?
    const text = error.message.endsWith('?') ? error.message : `${error.message}.`;
    throw new ControlError('NETWORK_INVALID', text, 'Name an address, or a network.');
  }
  const counted = maskedNetwork(network.address, { ipv4, ipv6 });
  const isAddress = network.prefix === (network.address.includes(':') ? 128 : 32);
  if (isAddress || formatNetwork(network) === counted) return counted;
  throw new ControlError(
    'NETWORK_INVALID',
    `The greylist counts by ${counted}, not by ${text}.`,
    'Name an address, or a network of that size; larger ones stand in except_clients of the [[stage]].',
  );
}

function byWhom(by: string): string {
  return by === '' ? '' : ` (${by})`;
}

function noGreylist(): ControlError {
  return new ControlError(
    'NO_GREYLIST',
    'There is no greylist: the configuration has no [[stage]] of the kind "greylist".',
    'docs/greylisting.md says how to begin.',
  );
}

function unknownStage(name: string, stages: readonly GreylistStageConfig[]): ControlError {
  const names = stages.map((each) => each.name).join(', ');
  return new ControlError(
    'NO_GREYLIST',
    name === '' ? 'There are several greylists.' : `No greylist is called "${name}".`,
    `Name one of them with --stage: ${names}.`,
  );
}
