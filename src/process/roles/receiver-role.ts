// The receiver role: listeners and sessions, policy, and spool segments of its own. It knows nothing of the scheduler.

import type { Config } from '../../config/config.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import type { ReceiveContext } from '../../receive/receive-context.ts';
import { MemoryBudget } from '../../receive/memory-budget.ts';
import { ReceiveLog } from '../../receive/receive-log.ts';
import { Receiver } from '../../receive/receiver.ts';
import { StoreWatch } from '../../receive/store-watch.ts';
import type { AcceptedMessage, Intake } from '../../receive/types.ts';
import { Pipelines } from '../../policy/pipelines.ts';
import { StageWatch } from '../../policy/stage-watch.ts';
import { Tenants } from '../../policy/tenants.ts';
import { openWriters } from '../../spool/open.ts';
import { probeSpool } from '../../spool/probe.ts';
import { Tables } from '../../table/tables.ts';
import type { SpoolWriter } from '../../spool/types.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { clientsWithinCapacity } from '../../settings/capacity.ts';
import type { Link } from '../../channel/link.ts';
import type { RoleFacts, Submitted } from '../../channel/messages.ts';
import type { Role } from '../role.ts';
import { exemptClients, receiveSettings, relayPolicy } from '../../settings/settings.ts';
import { stages } from '../../settings/stages.ts';
import { capacityHere } from '../../settings/system-facts.ts';
import { finishWithin } from './finish-within.ts';
import { receiverSlot } from './slots.ts';
import { storesOf } from './stores.ts';

/** Passes accepted messages to the manager. */
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

/** Objects that a reload does not replace. */
interface Parts {
  readonly spool: SpoolWriter;
  readonly storeWatch: StoreWatch;
  readonly deadlines: Deadlines;
  readonly tenants: Tenants;
  readonly tables: Tables;
  readonly stageWatch: StageWatch;
  readonly link: Link<Submitted>;
  readonly log: Logger;
  readonly troubles: Troubles;
}

export class ReceiverRole implements Role {
  readonly facts: RoleFacts;
  readonly #receiver: Receiver;
  readonly #parts: Parts;

  private constructor(facts: RoleFacts, receiver: Receiver, parts: Parts) {
    this.facts = facts;
    this.#receiver = receiver;
    this.#parts = parts;
  }

  /** @throws {StartError} when a port cannot be had, {SpoolError} when the spool cannot be written. */
  static async start(
    config: Config,
    index: number,
    link: Link<Submitted>,
    log: Logger,
    troubles: Troubles,
  ): Promise<ReceiverRole> {
    // All mail goes to the first store.
    const [spool] = await openWriters(storesOf(config), {
      slot: receiverSlot(index),
      segmentBytes: config.queue.segmentSize,
      reserveBytes: config.queue.reserve,
      sync: config.queue.sync,
    });
    const tenants = new Tenants(config.tenant);
    const tables = new Tables({ log, troubles });
    tables.configure(config.table);
    const directory = config.spool;
    const probe = { directory, name: String(receiverSlot(index)), sync: config.queue.sync === 'fdatasync' };
    const storeWatch = new StoreWatch({ directory, log, troubles, probe: () => probeSpool(probe) });
    const deadlines = new Deadlines();
    deadlines.start();
    const stageWatch = new StageWatch({ deadlines, log, troubles });
    const parts: Parts = {
      spool,
      storeWatch,
      deadlines,
      tenants,
      tables,
      stageWatch,
      link,
      log,
      troubles,
    };
    const receiver = new Receiver(contextOf(config, parts), exemptClients(config));
    const listening: string[] = [];
    const role = new ReceiverRole({ listening }, receiver, parts);
    try {
      if (index === 0) await receiver.listenLocal(config.submissionSocket);
      for (const { address, completeMail: completesMail } of config.listen) {
        const shared = config.processes.receivers > 1 && address.port !== 0;
        const bound = await receiver.listen(address, { shared, completesMail });
        listening.push(`${bound.host.includes(':') ? `[${bound.host}]` : bound.host}:${bound.port}`);
      }
    } catch (error) {
      await role.stop(0);
      throw error;
    }
    return role;
  }

  configure(config: Config): void {
    this.#parts.tenants.configure(config.tenant);
    this.#parts.tables.configure(config.table);
    this.#receiver.reconfigure(contextOf(config, this.#parts), exemptClients(config));
  }

  drain(): void {
    this.#receiver.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#receiver.drain(done));
    this.#receiver.abandon();
    this.#parts.deadlines.stop();
    this.#parts.storeWatch.stop();
    await this.#parts.tables.close();
    await this.#parts.spool.close();
    this.#parts.link.close();
  }
}

function contextOf(
  config: Config,
  { spool, storeWatch, deadlines, tenants, tables, stageWatch, link, log }: Parts,
): ReceiveContext {
  const { receivers } = config.processes;
  const settings = clientsWithinCapacity(receiveSettings(config), receivers, capacityHere(config));
  const relay = relayPolicy(config);
  return {
    settings,
    relay,
    pipelines: new Pipelines(stages(config, { relay, tenants, tables }), stageWatch),
    spool,
    storeWatch,
    intake: new ManagerIntake(link),
    memory: new MemoryBudget(settings.memoryLimitBytes),
    deadlines,
    log: new ReceiveLog(log),
  };
}
