// Carries out faults, and ends those that last.

import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import { pick } from '../world/some-internet.ts';
import type { Fault, Operation, RoleKind } from './faults.ts';
import { againMs } from './outage-books.ts';
import type { Restarts } from './restarts.ts';
import type { SimProcess } from './sim-process.ts';
import type { Supervision } from './supervision.ts';
import type { Surroundings } from './surroundings.ts';

/** What faults change in a system. */
export interface Targets extends Surroundings {
  readonly supervision: Supervision;
  readonly disk: SimulatedDisk;
  /** Ms that one step of the disk takes at most. */
  diskMs: number;
  killSupervisor(): void;
  readonly restarts: Restarts;
  /** @param wellForMs - for how long nothing else has been wrong */
  cutPower(offMs: number, wellForMs: number): void;
  breakLink(process: SimProcess): void;
  slowLinks(eachMs: number): void;
  setClock(byMs: number): void;
  operate(operation: Operation): void;
  reload(what: 'limits' | 'routes' | 'capacity'): void;
}

export class Strikes {
  readonly #targets: Targets;
  /** As `Targets.diskMs`, when the disk is well. */
  readonly #wellMs: number;
  /** Puts an end to what lasts. */
  readonly #ends = new Set<() => void>();
  /** When something was last wrong. */
  #lastMs = 0;
  #silentUntilMs = 0;

  constructor(targets: Targets) {
    this.#targets = targets;
    this.#wellMs = targets.diskMs;
  }

  strike(fault: Fault): void {
    const { trace } = this.#targets;
    trace(() => `fault: ${JSON.stringify(fault)}`);
    if (fault.kind === 'power-cut') this.#targets.cutPower(fault.offMs, this.wellForMs);
    this.#carryOut(fault);
    if (fault.kind !== 'restart') this.#lastMs = this.#targets.clock.nowMs;
  }

  #carryOut(fault: Fault): void {
    const { random, supervision } = this.#targets;
    switch (fault.kind) {
      case 'kill':
        this.#some(fault.role)?.kill();
        break;
      case 'stall':
        this.#stall(this.#some(fault.role), fault.forMs);
        break;
      case 'slow': {
        const process = this.#some(fault.role);
        process?.slow(fault.eachMs);
        this.#forSome(fault.forMs, () => process?.slow(0));
        break;
      }
      case 'stalled-orphan': {
        this.#stall(this.#some('sender'), fault.forMs);
        const { manager } = supervision;
        this.#later(random.next() * 1_000, () => manager?.process.kill());
        break;
      }
      case 'kill-supervisor':
        if (fault.stallMs > 0) this.#stall(this.#some('sender'), fault.stallMs);
        this.#targets.killSupervisor();
        break;
      case 'break-link': {
        const process = this.#some(fault.role);
        if (process !== undefined) this.#targets.breakLink(process);
        break;
      }
      case 'slow-links':
        this.#targets.slowLinks(fault.eachMs);
        this.#forSome(fault.forMs, () => this.#targets.slowLinks(0));
        break;
      case 'power-cut':
        break;
      case 'clock-step':
        this.#targets.setClock(fault.byMs);
        break;
      case 'operate':
        this.#targets.operate(fault.operation);
        break;
      case 'restart':
        this.#targets.restarts.restart(fault.graceMs, fault.offMs);
        break;
      case 'reload':
        this.#targets.reload(fault.what);
        break;
      default:
        this.#spoil(fault);
    }
  }

  /** For how long nothing has been wrong. */
  get wellForMs(): number {
    return this.#ends.size > 0 ? 0 : this.#targets.clock.nowMs - this.#lastMs;
  }

  /** Everything that still lasts is over. */
  endAll(): void {
    for (const end of this.#ends) end();
  }

  #spoil(fault: Fault): void {
    const { nameServers } = this.#targets;
    // The disk of that moment: a power cut puts another one in its place.
    const { disk } = this.#targets;
    switch (fault.kind) {
      case 'disk-fails':
        disk.faults = { ...disk.faults, syncFails: fault.syncs, writeFails: fault.writes };
        this.#forSome(fault.forMs, () => {
          this.#targets.disk.faults = { ...this.#targets.disk.faults, syncFails: 0, writeFails: 0 };
        });
        break;
      case 'short-writes':
        disk.faults = { ...disk.faults, shortWrites: fault.share };
        this.#forSome(fault.forMs, () => {
          this.#targets.disk.faults = { ...this.#targets.disk.faults, shortWrites: 0 };
        });
        break;
      case 'full-disk':
        disk.fill(fault.leftBytes);
        this.#forSome(fault.forMs, () => this.#targets.disk.makeRoom());
        break;
      case 'slow-disk': {
        this.#targets.diskMs = Math.max(this.#wellMs, fault.eachMs);
        this.#forSome(fault.forMs, () => {
          this.#targets.diskMs = this.#wellMs;
        });
        break;
      }
      case 'name-servers-fail':
        nameServers.fails = fault.share;
        this.#forSome(fault.forMs, () => {
          nameServers.fails = 0;
        });
        break;
      case 'name-servers-silent': {
        const { clock } = this.#targets;
        nameServers.areSilent = true;
        this.#silentUntilMs = Math.max(this.#silentUntilMs, clock.nowMs + fault.forMs);
        clock.at(clock.nowMs + fault.forMs, () => {
          if (clock.nowMs < this.#silentUntilMs) return;
          this.#lastMs = clock.nowMs;
          this.#serversAnswer();
        });
        break;
      }
      case 'source-lost':
        this.#loseSource(fault.forMs);
        break;
      default:
        break;
    }
  }

  /** What waited for name servers goes on soon, unless something else is wrong. */
  #serversAnswer(): void {
    const { clock, nameServers } = this.#targets;
    const { books } = nameServers;
    const { failures } = books;
    nameServers.areSilent = false;
    this.#later(againMs, () => {
      const isWell = this.wellForMs >= againMs && !nameServers.areSilent && books.failures === failures;
      if (clock.nowMs > this.#silentUntilMs && isWell) books.checkAskedAgain();
    });
  }

  #loseSource(forMs: number): void {
    const { config, random, sourceBooks } = this.#targets;
    if (config.source.length === 0) return;
    const { address } = pick(random, config.source);
    sourceBooks.lost.add(address);
    this.#forSome(forMs, () => sourceBooks.lost.delete(address));
  }

  #some(role: RoleKind): SimProcess | undefined {
    const { random, supervision } = this.#targets;
    const { manager, receivers, senders } = supervision;
    const roles = role === 'manager' ? [manager] : role === 'sender' ? senders : receivers;
    const living = roles.flatMap((each) => (each?.process.isAlive === true ? [each.process] : []));
    return living.length === 0 ? undefined : pick(random, living);
  }

  #stall(process: SimProcess | undefined, forMs: number): void {
    process?.stop();
    this.#forSome(forMs, () => process?.continue());
  }

  #forSome(forMs: number, end: () => void): void {
    const once = (): void => {
      if (!this.#ends.delete(once)) return;
      this.#lastMs = this.#targets.clock.nowMs;
      end();
    };
    this.#ends.add(once);
    this.#later(forMs, once);
  }

  #later(ms: number, act: () => void): void {
    const { clock } = this.#targets;
    clock.at(clock.nowMs + ms, act);
  }
}
