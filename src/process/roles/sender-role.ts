// The sender: outgoing connections. Carries out what the manager grants and decides nothing.

import type { Config } from '../../config/config.ts';
import { DeliveryLog } from '../../deliver/delivery-log.ts';
import type { ConnectionContext } from '../../deliver/outgoing-connection.ts';
import { PipeliningMemory } from '../../deliver/pipelining-memory.ts';
import { Sender } from '../../deliver/sender.ts';
import type { DeliveryReports } from '../../deliver/types.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import { openSpoolReader } from '../../spool/open.ts';
import type { SpoolReader } from '../../spool/types.ts';
import type { Link } from '../link.ts';
import type { ManagerToSender, RoleFacts, SenderToManager } from '../messages.ts';
import type { Role } from '../role.ts';
import { deliverySettings } from '../settings.ts';
import { finishWithin } from './finish-within.ts';

export class SenderRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #sender: Sender;
  readonly #spool: SpoolReader;
  readonly #deadlines = new Deadlines();
  readonly #pipelining = new PipeliningMemory();
  readonly #link: Link<SenderToManager>;
  readonly #log: Logger;

  /** @param link - its messages from the manager go to `take`, its loss to `managerLost` */
  constructor(config: Config, link: Link<SenderToManager>, log: Logger) {
    this.#link = link;
    this.#log = log;
    this.#spool = openSpoolReader({ directory: config.spool });
    this.#deadlines.start();
    this.#sender = new Sender(this.#context(config));
  }

  take(batch: readonly ManagerToSender[]): void {
    for (const message of batch) {
      switch (message.kind) {
        case 'connect':
          this.#sender.connect(message);
          break;
        case 'transact':
          this.#sender.transact(message.connection, message.work);
          break;
        case 'close':
          this.#sender.close(message.connection);
          break;
      }
    }
  }

  /** The manager is gone and its successor knows nothing of these connections. */
  managerLost(): void {
    this.#sender.abandon();
  }

  configure(config: Config): void {
    this.#sender.reconfigure(this.#context(config));
  }

  drain(): void {
    this.#sender.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#sender.drain(done));
    this.#sender.abandon();
    this.#deadlines.stop();
    this.#spool.close();
    this.#link.close();
  }

  #context(config: Config): ConnectionContext {
    const link = this.#link;
    const reports: DeliveryReports = {
      ready: (connection) => link.post({ kind: 'ready', connection }),
      done: (connection, results, reusable) => link.post({ kind: 'done', connection, results, reusable }),
      closed: (connection, report) => link.post({ kind: 'closed', connection, report }),
    };
    return {
      settings: deliverySettings(config),
      spool: this.#spool,
      deadlines: this.#deadlines,
      reports,
      log: new DeliveryLog(this.#log),
      pipelining: this.#pipelining,
    };
  }
}
