// Takes the senders' reports about connections: passes results to the scheduler, and carries out their effects before the
// message is unpinned.

import type { Delivered } from '../deliver/delivered-lately.ts';
import type { AttemptResult, CloseReport } from '../deliver/types.ts';
import { localFault } from '../message/refusal.ts';
import type { ConnectionHandle, Scheduler } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import type { SenderToManager } from '../channel/messages.ts';
import { grantedAtOnce } from '../values/pipelining.ts';
import type { BackupDesk } from './backup/backup-desk.ts';
import type { Damage } from './damage.ts';
import { damageIn } from './damaged-mail.ts';
import type { Effects } from './effects.ts';
import type { Flight, Flights } from './flights.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import type { LocalFailures } from './local-failures.ts';
import type { Logins } from './logins.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import type { SenderPort } from './ports.ts';
import type { AttemptNews } from './plugins/attempt-news.ts';
import type { Settlement } from './settlement.ts';
import type { TlsSessions } from './tls-sessions.ts';

export interface ResultsParts {
  readonly scheduler: Scheduler;
  readonly store: Pick<SpoolStore, 'isWhole' | 'locate'>;
  readonly senders: SenderPort;
  readonly flights: Flights;
  readonly effects: Effects;
  readonly settlement: Settlement;
  readonly damage: Damage;
  readonly localFailures: LocalFailures;
  readonly handshakes: Pick<LastHandshakes, 'told' | 'closed'>;
  readonly tlsSessions: TlsSessions;
  readonly news: Pick<AttemptNews, 'begins' | 'ends'>;
  readonly logins: Pick<Logins, 'ready' | 'closed' | 'done'>;
  readonly pipelining: Pick<PipeliningMemory, 'ready' | 'closed'>;
  readonly backup: Pick<BackupDesk, 'ready' | 'closed'>;
}

export class Results {
  readonly #parts: ResultsParts;

  constructor(parts: ResultsParts) {
    this.#parts = parts;
  }

  /** @param nowMs - scheduler time */
  take(report: SenderToManager, nowMs: number): void {
    switch (report.kind) {
      case 'ready':
        if (report.tls !== undefined) this.#parts.handshakes.told(report.connection, report.tls);
        this.#parts.tlsSessions.ready(report.connection, report.tls);
        this.#parts.logins.ready(report.connection, report.mechanism);
        this.#parts.pipelining.ready(report.connection, {
          way: report.way ?? 'group',
          depth: report.depth ?? 1,
        });
        this.#parts.backup.ready(report.connection);
        this.#parts.scheduler.connectionReady(
          report.connection as ConnectionHandle,
          nowMs,
          grantedAtOnce(report.depth ?? 1),
        );
        // Before the next report: that may be the end of a connection which has just been granted something.
        this.#parts.effects.carryOut();
        break;
      case 'done':
        this.#done(report.connection, report.results, report.reusable, nowMs);
        break;
      case 'closed':
        this.#closed(report.connection, report.report, nowMs);
        break;
      case 'errandRun': // has been taken by Senders
      case 'counters': // have been taken by Links
      case 'mailbox':
      case 'hello':
        break;
      default:
        report satisfies never;
    }
  }

  /** The sender process of this connection died: its transactions in flight may or may not have been delivered. */
  lost(connection: number, nowMs: number): void {
    const { flights } = this.#parts;
    for (let flight = flights.on(connection); flight !== undefined; flight = flights.on(connection)) {
      const refusal = localFault('queue', 'Sluice lost the connection in the middle of the transaction');
      const results = flight.transaction.recipients.map(
        (recipient) => ({ recipient, result: 'refused', refusal }) as const,
      );
      this.#done(connection, results, false, nowMs);
    }
    this.#closed(connection, { kind: 'closed' }, nowMs);
  }

  /**
   * Settles deliveries that a sender made for an earlier manager, which may have died before it journaled them, or before its
   * link was lost. A failure of theirs that is still in doubt was none.
   * @param isStopping - the scheduler is told nothing more, and takes the transactions for open
   */
  deliveredBefore(delivered: readonly Delivered[], isStopping: boolean): void {
    const { store, scheduler, settlement } = this.#parts;
    for (const { queueId, recipients, relayedWithoutDsn } of delivered) {
      // Most were journaled. Then the message is done, and the costly search in the scheduler is not needed.
      if (store.locate(queueId) === undefined && store.isWhole) continue;
      const arrived = settlement.withdraw(queueId, recipients);
      const message = arrived.length < recipients.length ? scheduler.find(queueId) : undefined;
      if (message !== undefined) arrived.push(...scheduler.remove(message, recipients));
      for (const recipient of arrived) {
        settlement.delivered(queueId, recipient);
        if (relayedWithoutDsn.includes(recipient)) settlement.relayed(queueId, recipient, undefined);
      }
      if (store.isWhole && !isStopping) continue;
      // Of what is not known here, its store may be the one that is not there yet.
      const others = recipients.filter((recipient) => !arrived.includes(recipient));
      settlement.add(others.map((recipient): Outcome => ({ kind: 'delivered', queueId, recipient })));
    }
  }

  #done(connection: number, results: readonly AttemptResult[], reusable: boolean, nowMs: number): void {
    const { scheduler, flights, effects, settlement, damage, news } = this.#parts;
    const flight = flights.end(connection);
    if (flight === undefined) return;
    const { queueId, transaction } = flight;
    const { message } = transaction;
    for (const each of results) {
      const { recipient, relayedTo } = each;
      if (relayedTo !== undefined) settlement.relayed(queueId, recipient, relayedTo, each);
    }
    this.#parts.logins.done(connection, results);
    news.begins(queueId, message, connection, results);
    scheduler.transactionDone(connection as ConnectionHandle, results, reusable, nowMs);
    effects.carryOut(message, results);
    news.ends();
    const why = damageIn(results);
    if (why !== undefined) damage.hold(queueId, message, why);
    flights.release(flight);
  }

  #closed(connection: number, report: CloseReport, nowMs: number): void {
    const { scheduler, senders, flights, effects, handshakes, localFailures, tlsSessions, news } =
      this.#parts;
    senders.closed(connection);
    const isFarFault = report.kind === 'failed' && report.refusal.by.kind !== 'local';
    this.#parts.backup.closed(connection, isFarFault ? report.refusal : undefined);
    if (report.kind === 'failed' && report.tls !== undefined) handshakes.told(connection, report.tls);
    const first = flights.on(connection);
    if (first !== undefined) news.begins(first.queueId, first.transaction.message, connection);
    this.#parts.logins.closed(connection, report);
    handshakes.closed(connection);
    this.#parts.pipelining.closed(connection, report.fault);
    tlsSessions.closed(connection, report);
    const ended: Flight[] = [];
    for (let flight = flights.end(connection); flight !== undefined; flight = flights.end(connection)) {
      ended.push(flight);
    }
    if (report.kind === 'failed' && report.refusal.by.kind === 'local') {
      localFailures.failed(report.refusal, nowMs);
    }
    const end = report.kind === 'failed' ? report : ({ kind: 'closed' } as const);
    scheduler.connectionClosed(connection as ConnectionHandle, end, nowMs);
    effects.carryOut();
    news.ends();
    for (const flight of ended) flights.release(flight);
  }
}
