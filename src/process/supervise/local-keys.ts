// The keys role in the process of all others, while the configuration has a directory, or keys for signatures. Its code is loaded then.

import type { Channel } from '../../channel/channel.ts';
import type { Asked, KeysHello, Response } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import type { StoreChange } from '../../directory/password-change.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { Logger } from '../../log/logger.ts';
import { needsKeys } from '../../settings/signing.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { KeysRole } from '../roles/keys-role.ts';

export class LocalKeys {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #counters: EventCounters;
  #role: KeysRole | undefined;
  /** The configuration of the last call; undefined after the stop. */
  #last: Config | undefined;

  constructor(log: Logger, troubles: Troubles, counters: EventCounters) {
    this.#log = log;
    this.#troubles = troubles;
    this.#counters = counters;
  }

  /** Starts, configures or stops the role. Of calls that overlap, the last one counts. */
  async configure(config: Config): Promise<void> {
    this.#last = config;
    if (!needsKeys(config)) return this.#end();
    const { KeysRole: Loaded } = await import('../roles/keys-role.ts');
    if (this.#last !== config) return;
    const parts = { log: this.#log, troubles: this.#troubles, counters: this.#counters, store: this.#store };
    if (this.#role === undefined) this.#role = Loaded.start(config, parts);
    else this.#role.configure(config);
  }

  readonly #store: StoreChange = async (change) => {
    const { storePassword } = await import('./password-desk.ts');
    return storePassword(this.#last ?? { directory: [] }, change);
  };

  /** Answers another role of this process, if the keys role runs. */
  answer(channel: Channel<Response, Asked>, asker: KeysHello['role']): void {
    this.#role?.answer(channel, asker);
  }

  async stop(): Promise<void> {
    this.#last = undefined;
    await this.#role?.stop();
  }

  #end(): void {
    void this.#role?.stop();
    this.#role = undefined;
  }
}
