// Several receivers and a manager that is killed, stopped or loses its power at any time, on virtual time: how much is taken, compared with
// the limits. What a manager had counted for less than a second when it was killed may be forgotten, and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { seededRandom } from '../../sim/disk/random.ts';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import type { Charge, Release } from '../../src/channel/sending-messages.ts';
import { parseConfig } from '../../src/config/config.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { SendingDesk } from '../../src/manager/sending-desk.ts';
import { SendingLink } from '../../src/process/roles/sending-link.ts';
import { handIn } from '../policy/sending/rules.ts';
import { keptLog } from '../process/quiet-log.ts';

const config = parseConfig(
  `spool = "/spool"
[[directory]]
name = "staff"
kind = "users"
path = "users.jsonl"
[[sending_limit]]
by = "user"
messages = ["5/min", "30/hour"]
[[sending_limit]]
by = "sender_domain"
messages = "60/hour"
`,
  'sluice.toml',
);
const minute = 60_000;
/** A count is stored within a second and the time that the disk takes. */
const forgottenMs = 1_200;

interface Accepted {
  readonly user: string;
  readonly atMs: number;
}

class Storm {
  readonly timers = new VirtualTimers();
  readonly accepted: Accepted[] = [];
  /** When managers were killed. */
  readonly kills: number[] = [];
  unanswered = 0;
  refused = 0;
  readonly #random: () => number;
  readonly #receivers: readonly Receiver[];
  #disk: SimulatedDisk;
  #process: ReturnType<SimulatedDisk['process']> | undefined;
  #desk: SendingDesk | undefined;
  /** Of the manager that runs. */
  #timers = new VirtualTimers();

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#disk = new SimulatedDisk({ seed });
    this.timers.clock.passTo(1_700_000_000_000);
    this.#receivers = [1, 2, 3].map(() => new Receiver(this));
  }

  get manager(): SendingDesk | undefined {
    return this.#desk;
  }

  within(ms: number): number {
    return Math.floor(this.#random() * ms);
  }

  async begin(): Promise<void> {
    const { files } = this.#disk.process();
    await files.mkdir('/spool');
    await files.syncDirectory('/');
    await this.#startManager();
  }

  /** One message of some user by some receiver. */
  send(): void {
    const receiver = this.#receivers[this.within(3)];
    const user = this.within(2) === 0 ? 'joe@x.example' : 'ann@x.example';
    receiver?.send(user, this.within(4) > 0);
  }

  async kill(how: 'kill' | 'power' | 'stop'): Promise<void> {
    const desk = this.#desk;
    this.#desk = undefined;
    for (const receiver of this.#receivers) receiver.link.lost();
    if (how === 'stop') await this.#meanwhile(desk?.close());
    else this.kills.push(this.timers.nowMs());
    this.#timers.stop();
    this.#process?.kill();
    if (how === 'power') this.#disk = this.#disk.restarted({ seed: this.within(1_000_000) });
    await this.timers.pass(this.within(3_000));
    await this.#startManager();
  }

  end(): void {
    for (const receiver of this.#receivers) receiver.stop();
  }

  /** Lets the time pass that the disk takes. */
  async #meanwhile<T>(promise: T): Promise<Awaited<T>> {
    await this.timers.pass(200);
    return await promise;
  }

  async #startManager(): Promise<void> {
    this.#timers = new VirtualTimers(this.timers.clock);
    const clock = { nowMs: this.timers.nowMs, shownOf: (ms: number) => ms };
    // Each operation of the disk takes some milliseconds.
    const disk = this.#timers;
    this.#process = this.#disk.process((_, act) => void disk.setTimeout(act, 1 + this.within(4)));
    const { files } = this.#process;
    const parts = { files, timers: this.#timers, log: keptLog(), clock };
    this.#desk = await this.#meanwhile(SendingDesk.open(config, parts));
    for (const receiver of this.#receivers) receiver.linked();
  }
}

class Receiver {
  readonly link: SendingLink;
  readonly #storm: Storm;
  readonly #deadlines: Deadlines;
  /** Posted, and not known to be taken: the next manager hears it again. */
  #unconfirmed: (Charge | Release)[] = [];

  constructor(storm: Storm) {
    this.#storm = storm;
    this.#deadlines = new Deadlines({ now: () => storm.timers.nowMs() });
    this.link = new SendingLink((message) => this.#post(message), this.#deadlines);
  }

  stop(): void {
    this.#deadlines.stop();
  }

  send(user: string, isAccepted: boolean): void {
    const storm = this.#storm;
    storm.unanswered++;
    void this.link.charge(handIn({ user, senderDomain: 'x.example' })).then((answer) => {
      storm.unanswered--;
      if (answer.kind === 'exceeded') storm.refused++;
      if (answer.kind !== 'counted') return;
      if (isAccepted) storm.accepted.push({ user, atMs: answer.charge.atMs });
      else this.link.release(answer.charge);
    });
  }

  linked(): void {
    const again = this.#unconfirmed;
    this.#unconfirmed = [];
    for (const message of again) this.#post(message);
    this.link.linked();
  }

  #post(message: Charge | Release): void {
    const storm = this.#storm;
    this.#unconfirmed.push(message);
    const { manager } = storm;
    // It arrives a while later, if the manager still lives; so does its answer.
    storm.timers.setTimeout(() => {
      if (storm.manager !== manager || manager === undefined) return;
      this.#unconfirmed = this.#unconfirmed.filter((each) => each !== message);
      manager.take(message, (answer) => {
        storm.timers.setTimeout(() => {
          if (storm.manager === manager) this.link.take([answer]);
        }, storm.within(50));
      });
    }, storm.within(50));
  }
}

function most(all: readonly Accepted[], perMs: number): number {
  return Math.max(
    0,
    ...all.map(({ atMs: from }) => all.filter(({ atMs }) => atMs >= from && atMs < from + perMs).length),
  );
}

for (let seed = 1; seed <= 20; seed++) {
  test(`three receivers take what the limits allow, whatever happens to their manager (seed ${seed})`, async (t) => {
    const storm = new Storm(seed);
    t.after(() => storm.end());
    await storm.begin();
    for (let step = 0; step < 400; step++) {
      for (let at = storm.within(4); at > 0; at--) storm.send();
      const what = storm.within(20);
      if (what < 3) await storm.kill((['kill', 'power', 'stop'] as const)[what] ?? 'kill');
      await storm.timers.pass(storm.within(20_000));
    }
    await storm.timers.pass(20_000);
    assert.equal(storm.unanswered, 0, 'every question has ended');
    assert.ok(storm.kills.length > 10 && storm.refused > 50, 'much has happened');
    const kept = storm.accepted.filter(
      ({ atMs }) => !storm.kills.some((killMs) => atMs > killMs - forgottenMs && atMs <= killMs),
    );
    for (const user of ['joe@x.example', 'ann@x.example']) {
      const own = kept.filter((each) => each.user === user);
      assert.ok(most(own, minute) <= 5);
      assert.ok(most(own, 60 * minute) <= 30);
    }
    assert.ok(most(kept, 60 * minute) <= 60);
    // Nor are the limits stricter than they say: most of what they allow is used, since more is asked for.
    assert.ok(kept.length > 30, `${kept.length} were accepted`);
  });
}
