// A sender process: its link to the manager, what it remembers to have delivered, and its reading of the spool are the real
// ones; sockets and SMTP are numbers of milliseconds. What it does when it loses its manager is as in `sender-role.ts`.

import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import { ManagerLink } from '../../src/channel/manager-link.ts';
import { DeliveredLately } from '../../src/deliver/delivered-lately.ts';
import type { AttemptResult, CloseReport, Work } from '../../src/deliver/types.ts';
import { openReaders } from '../../src/spool/open.ts';
import type { SpoolReader } from '../../src/spool/types.ts';
import type { Arrival } from './arrival.ts';
import { type Carrier, OutgoingModel } from './outgoing-model.ts';
import { storesOf } from './other-stores.ts';
import type { SimProcess } from './sim-process.ts';
import type { Surroundings } from './surroundings.ts';

/** As in `sender-role.ts`. */
const orphanGraceMs = 5_000;
const lastWordMs = 2_000;

export class SenderModel implements Carrier {
  readonly process: SimProcess;
  readonly serial: number;
  readonly reader: SpoolReader;
  readonly around: Surroundings;
  readonly #connections = new Map<number, OutgoingModel>();
  readonly #delivered = new DeliveredLately();
  readonly #link: ManagerLink<SenderToManager, ManagerToSender>;
  #isOrphan = false;
  #isDraining = false;
  #whenEmpty: (() => void)[] = [];

  constructor(around: Surroundings, index: number, serial: number) {
    this.around = around;
    this.serial = serial;
    this.process = around.newProcess(`sender ${index + 1} (${serial})`);
    this.reader = openReaders(storesOf(around.spool, this.process));
    this.#link = new ManagerLink<SenderToManager, ManagerToSender>({
      connect: around.managerFor(this.process),
      hello: () => {
        // A frame on a socket is written once: what is delivered later is not in it.
        const delivered = around.sabotage === 'silent hello' ? [] : [...this.#delivered.list];
        const hello = { kind: 'hello', role: 'sender', index, serial, delivered } as const;
        around.memory.tells(hello, around.memory.knownBy(this.process));
        return hello;
      },
      repeat: false,
      take: (batch) => this.#take(batch),
      lost: () => this.#managerLost(),
    });
    // The system closes every socket.
    this.process.onEnd(() => {
      around.grants.senderLost();
      for (const connection of this.#connections.values()) connection.cut('its sender process was killed');
      this.#connections.clear();
      around.memory.forget(this.process, 'the sender process that delivered it ended');
    });
    this.process.after(around.random.below(100), () => void this.#link.open());
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Recipients of transactions that are on the way. */
  get active(): number {
    return this.#connections.values().reduce((sum, { inHand }) => sum + inHand, 0);
  }

  ready(connection: OutgoingModel): void {
    const { depth, id } = connection;
    this.#post({ kind: 'ready', connection: id, ...(depth > 1 && { depth }) });
  }

  done(
    connection: OutgoingModel,
    { queueId, ref }: Work,
    results: readonly AttemptResult[],
    reusable: boolean,
    arrivals: readonly Arrival[],
  ): void {
    const { memory } = this.around;
    const delivered = results.filter(({ result }) => result === 'delivered');
    if (delivered.length > 0) {
      this.#delivered.add(
        queueId,
        delivered.map(({ recipient }) => recipient),
      );
      memory.learn(this.process, arrivals);
    }
    const report: SenderToManager = { kind: 'done', connection: connection.id, results, reusable };
    if (!this.#isOrphan) {
      const refusals = this.around.refusals.tells(report, queueId, results);
      for (const refusal of refusals) refusal.store = ref.store;
      memory.tells(report, [...arrivals, ...refusals]);
    }
    this.#post(report);
  }

  closed(connection: OutgoingModel, report: CloseReport): void {
    this.#post({ kind: 'closed', connection: connection.id, report });
    if (this.#connections.get(connection.id) === connection) this.#connections.delete(connection.id);
    if (this.#connections.size === 0) this.#emptied();
  }

  #take(batch: readonly ManagerToSender[]): void {
    this.#isOrphan = false;
    for (const message of batch) {
      switch (message.kind) {
        case 'connect':
          if (this.#isDraining) {
            // The manager granted it before it knew of the stop.
            this.around.grants.cameToNothing(message.work);
            this.#post({ kind: 'closed', connection: message.connection, report: { kind: 'unused' } });
          } else this.#connections.set(message.connection, new OutgoingModel(this, message));
          break;
        case 'transact':
          this.#connections.get(message.connection)?.transact(message.work);
          break;
        case 'close':
          this.#connections.get(message.connection)?.quit();
          break;
        case 'errand':
          // No server of the model is one that is looked after.
          this.#post({
            kind: 'errandRun',
            id: message.id,
            outcome: { kind: 'failed', reason: 'not modelled' },
          });
          break;
        default:
          message satisfies never;
      }
    }
  }

  /** Transactions in hand get the grace; then the process ends. */
  async stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    for (const connection of this.#connections.values()) connection.quit();
    await this.#emptyWithin(graceMs);
    this.#abandon('the transaction was cut off when Sluice stopped');
    await new Promise<void>((resolve) => {
      this.process.after(lastWordMs, resolve);
      this.#link.whenLinked(resolve);
    });
    this.reader.close();
    this.#link.close();
    this.process.after(1, () => this.process.kill());
  }

  async #managerLost(): Promise<void> {
    this.#isOrphan = true;
    this.around.grants.senderLost();
    for (const connection of this.#connections.values()) connection.finish();
    await this.#emptyWithin(orphanGraceMs);
    this.#abandon('the transaction was cut off, five seconds after its manager was lost');
  }

  #emptyWithin(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
      this.process.after(graceMs, resolve);
      if (this.#connections.size === 0) this.#emptied();
    });
  }

  #emptied(): void {
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #abandon(why: string): void {
    for (const connection of this.#connections.values()) connection.abandon(why);
  }

  #post(message: SenderToManager): void {
    if (!this.#isOrphan) this.#link.post(message);
  }
}
