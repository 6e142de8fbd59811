// Trials of a receiver process: what operators try with `sluice policy try` on its live stages. Promises: few at once, of bounded size; what was
// begun and not ended is forgotten.

import { Buffer } from 'node:buffer';
import type { Config } from '../../config/config.ts';
import { ControlError } from '../../control/control-error.ts';
import type { Call, Service } from '../../control/operations/operation.ts';
import type { StagesAnswer, StagesQuestion } from '../../control/operations/stages.ts';
import { mostTrialBytes, type ReceiverSet } from '../../control/operations/trial.ts';
import type { StageWatch } from '../../policy/stage-watch.ts';
import type { ListenerOptions } from '../../receive/listener.ts';
import type { TrialMail, TrialReport } from '../../receive/trial/trial-types.ts';

/** Messages that are on their way or being tried. */
const mostTrials = 4;

type Tried = Pick<ListenerOptions, 'facts' | 'completesMail' | 'context'>;

export class TrialDesk {
  #listeners: readonly Tried[] = [];
  #watch: StageWatch | undefined;
  #config: Config | undefined;
  /** By the name of the trial, in the order in which they began. */
  readonly #pieces = new Map<string, Buffer[]>();
  #running = 0;

  /** Puts the listeners of a configuration in force. */
  use(listeners: readonly Tried[], watch: StageWatch, config: Config): void {
    this.#config = config;
    this.#listeners = listeners;
    this.#watch = watch;
  }

  readonly service: Omit<Service<ReceiverSet>, 'divert.set'> = {
    'policy.piece': ({ trial, piece }) => {
      this.#add(trial, Buffer.from(piece, 'base64'));
      return null;
    },
    'policy.mail': ({ trial, mail }, call) => this.#try(trial, mail, call),
    'policy.stages': (question) => this.#stages(question),
  };

  async #stages(question: StagesQuestion): Promise<StagesAnswer> {
    const { metStages } = await import('./met-stages.ts');
    const [watch, config] = [this.#watch, this.#config];
    if (watch === undefined || config === undefined) throw starting();
    return metStages(this.#listener(question.listener), config, watch, question);
  }

  #add(trial: string, piece: Buffer): void {
    const pieces = this.#pieces.get(trial) ?? [];
    if (!this.#pieces.has(trial)) {
      // The asker of the oldest has gone, or is very slow.
      const [oldest] = this.#pieces.keys();
      if (oldest !== undefined && this.#pieces.size >= mostTrials) this.#pieces.delete(oldest);
      this.#pieces.set(trial, pieces);
    }
    pieces.push(piece);
    if (bytesOf(pieces) <= mostTrialBytes) return;
    this.#pieces.delete(trial);
    throw new ControlError(
      'TRIAL_TOO_LARGE',
      `The message has more than ${mostTrialBytes} bytes, which is the most that can be tried.`,
      'Try it with a shorter body.',
    );
  }

  async #try(trial: string, mail: TrialMail, { signal }: Pick<Call<never>, 'signal'>): Promise<TrialReport> {
    const content = Buffer.concat(this.#pieces.get(trial) ?? []);
    this.#pieces.delete(trial);
    const watch = this.#watch;
    if (watch === undefined) throw starting();
    if (this.#running >= mostTrials)
      throw new ControlError(
        'TRIAL_BUSY',
        `${mostTrials} messages are being tried already.`,
        'Try again in a moment.',
      );
    this.#running++;
    try {
      // Loaded for those who try something.
      const { runTrial } = await import('../../receive/trial/trial.ts');
      const listener = this.#listener(mail.listener);
      return await runTrial({ listener, watch, nowMs: () => performance.now() }, mail, content, signal);
    } finally {
      this.#running--;
    }
  }

  /** @param name - undefined: the first one that the configuration names */
  #listener(name: string | undefined): Tried {
    const named = this.#listeners.find(({ facts }) =>
      name === undefined ? facts.kind !== 'submission' : facts.name === name,
    );
    if (named !== undefined) return named;
    const names = this.#listeners.map(({ facts }) => facts.name).join(', ');
    throw new ControlError(
      'TRIAL_LISTENER',
      name === undefined ? 'There is no [[listen]].' : `There is no listener ${JSON.stringify(name)}.`,
      `Name one of these with --listen: ${names}.`,
    );
  }
}

function starting(): ControlError {
  return new ControlError('RECEIVER_STARTING', 'The receiver is starting.', 'Try again in a moment.');
}

function bytesOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
