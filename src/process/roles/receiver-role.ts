// The receiver: listeners and sessions, policy, its own spool segments. Knows nothing of the scheduler.

import type { Config } from '../../config/config.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import type { ReceiveContext } from '../../receive/receive-context.ts';
import { MemoryBudget } from '../../receive/memory-budget.ts';
import { ReceiveLog } from '../../receive/receive-log.ts';
import { Receiver } from '../../receive/receiver.ts';
import type { AcceptedMessage, Intake } from '../../receive/types.ts';
import { openSpoolWriter } from '../../spool/open.ts';
import type { SpoolWriter } from '../../spool/types.ts';
import { clientsWithinCapacity } from '../capacity.ts';
import type { Link } from '../link.ts';
import type { RoleFacts, Submitted } from '../messages.ts';
import type { Role } from '../role.ts';
import { exemptClients, receiveSettings, relayPolicy } from '../settings.ts';
import { capacityHere } from '../system-facts.ts';
import { finishWithin } from './finish-within.ts';
import { receiverSlot } from './slots.ts';

/** Passes accepted messages on to the manager. */
class ManagerIntake implements Intake {
  readonly #link: Link<Submitted>;

  constructor(link: Link<Submitted>) {
    this.#link = link;
  }

  submitted(message: AcceptedMessage): void {
    this.#link.post({ kind: 'submitted', ...message });
  }

  get congested(): boolean {
    return this.#link.congested;
  }

  whenDrained(callback: () => void): void {
    this.#link.whenDrained(callback);
  }
}

export class ReceiverRole implements Role {
  readonly facts: RoleFacts;
  readonly #receiver: Receiver;
  readonly #spool: SpoolWriter;
  readonly #deadlines: Deadlines;
  readonly #link: Link<Submitted>;
  readonly #log: Logger;

  private constructor(parts: {
    facts: RoleFacts;
    receiver: Receiver;
    spool: SpoolWriter;
    deadlines: Deadlines;
    link: Link<Submitted>;
    log: Logger;
  }) {
    this.facts = parts.facts;
    this.#receiver = parts.receiver;
    this.#spool = parts.spool;
    this.#deadlines = parts.deadlines;
    this.#link = parts.link;
    this.#log = parts.log;
  }

  /** @throws {StartError} when a port cannot be had, {SpoolError} when the spool cannot be written. */
  static async start(
    config: Config,
    index: number,
    link: Link<Submitted>,
    log: Logger,
  ): Promise<ReceiverRole> {
    const spool = await openSpoolWriter({
      directory: config.spool,
      slot: receiverSlot(index),
      segmentBytes: config.queue.segmentSize,
      reserveBytes: config.queue.reserve,
      largeMessageBytes: config.receive.largeMessage,
      sync: config.queue.sync,
    });
    const deadlines = new Deadlines();
    deadlines.start();
    const receiver = new Receiver(contextOf(config, spool, deadlines, link, log), exemptClients(config));
    const listening: string[] = [];
    const role = new ReceiverRole({ facts: { listening }, receiver, spool, deadlines, link, log });
    try {
      if (index === 0) await receiver.listenLocal(config.submissionSocket);
      for (const { address } of config.listen) {
        const bound = await receiver.listen(address, config.processes.receivers > 1 && address.port !== 0);
        listening.push(`${bound.host.includes(':') ? `[${bound.host}]` : bound.host}:${bound.port}`);
      }
    } catch (error) {
      await role.stop(0);
      throw error;
    }
    return role;
  }

  configure(config: Config): void {
    const context = contextOf(config, this.#spool, this.#deadlines, this.#link, this.#log);
    this.#receiver.reconfigure(context, exemptClients(config));
  }

  drain(): void {
    this.#receiver.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#receiver.drain(done));
    this.#receiver.abandon();
    this.#deadlines.stop();
    await this.#spool.close();
    this.#link.close();
  }
}

function contextOf(
  config: Config,
  spool: SpoolWriter,
  deadlines: Deadlines,
  link: Link<Submitted>,
  log: Logger,
): ReceiveContext {
  const { receivers } = config.processes;
  const settings = clientsWithinCapacity(receiveSettings(config), receivers, capacityHere(config));
  return {
    settings,
    relay: relayPolicy(config),
    spool,
    intake: new ManagerIntake(link),
    memory: new MemoryBudget(settings.memoryLimitBytes),
    deadlines,
    log: new ReceiveLog(log),
  };
}
