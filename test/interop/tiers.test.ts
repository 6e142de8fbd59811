// Front ends, central servers and egress servers of examples/tiers under load: what was taken arrives when servers are killed, servers are
// upgraded without a refused message, and the script of the example starts them all.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { below, seededRandom } from '../../sim/disk/random.ts';
import { deliveryKey } from '../../sim/mx/tally.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { sluiceBin } from '../../sim/neighbours/program-file.ts';
import { Heard, type Letter, sendByQmqp, sendBySmtp } from '../../sim/mx/stubborn-clients.ts';
import { type Arrivals, examples, ownNet, type TierName, Tiers, withoutLoopback } from './tiers.ts';

const seed = Number(process.env.SEED ?? 1);

/** Load from the Internet, from two customers, and from hosts that send by QMQP, until it is ended. */
class Load {
  readonly heard = new Heard();
  readonly letters = new Map<string, Letter>();
  #isOver = false;
  readonly #done: Promise<unknown>;

  constructor(ground: Ground, net: string) {
    const giveUp = new AbortController();
    ground.atEnd(() => giveUp.abort());
    const { signal } = giveUp;
    const at = (place: string, port: number) =>
      [1, 2].map((index) => ({ address: `${net}.${place}.${index}`, port }));
    const part = (name: string, from: string, to: string) => this.#letters(name, from, to);
    this.#done = Promise.all([
      sendBySmtp(
        part('in', 'someone@far.example', 'user@example.com'),
        { servers: at('1', 2525), from: `${net}.7.1`, connections: 4, signal },
        this.heard,
      ),
      ...['shop', 'news'].map((tenant) =>
        sendBySmtp(
          part(tenant, `a@${tenant}.example`, 'user@far.example'),
          { servers: at('1', 2587).toReversed(), from: `${net}.5.1`, connections: 4, signal },
          this.heard,
        ),
      ),
      sendByQmqp(
        part('null', 'cron@shop.example', 'user@far.example'),
        { servers: at('2', 2628), from: `${net}.6.1`, connections: 2, signal },
        this.heard,
      ),
    ]);
  }

  *#letters(name: string, from: string, to: string): Generator<Letter> {
    for (let count = 0; !this.#isOver; count++) {
      // Now and then a message that is passed on while it arrives.
      const letter = {
        id: `${name}.${count}@load.test`,
        from,
        to,
        sizeBytes: count % 50 === 49 ? 600_000 : 2_000,
      };
      this.letters.set(letter.id, letter);
      yield letter;
    }
  }

  /** Resolves when so many more messages are taken. */
  async more(count: number): Promise<void> {
    const goal = this.heard.taken.size + count;
    await until(`${count} more messages are taken`, () => this.heard.taken.size >= goal);
  }

  /** No message more; resolves when those that were begun are taken. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

/** The copies that a central server has taken of each message, and how often one was delivered again. */
function copiesOf(places: readonly Arrivals[]): { taken: Map<string, Set<string>>; again: number } {
  const taken = new Map<string, Set<string>>();
  let again = 0;
  for (const { content } of places.flatMap(({ messages }) => messages)) {
    const head = content.toString('latin1').replaceAll(/\r\n[ \t]/gu, ' ');
    const id = /^Message-ID: <(.*?)>/mu.exec(head)?.[1] ?? '';
    const copy = /^Received: .*? by (centre\d)\.example\.com .*? id (\w+)/mu.exec(head);
    assert.ok(copy !== null, head.slice(0, 800));
    const copies = taken.get(id) ?? new Set();
    taken.set(id, copies);
    if (copies.has(copy[0])) again++;
    copies.add(copy[0]);
  }
  return { taken, again };
}

/** Waits until everything that was taken has arrived. */
async function allArrive(tiers: Tiers, load: Load): Promise<void> {
  const missing = (): string[] =>
    [...load.heard.taken].filter((id) => {
      const { to } = load.letters.get(id)!;
      const { tally } = to === 'user@example.com' ? tiers.mailboxes : tiers.internet;
      return !tally.deliveries.has(deliveryKey(id, to));
    });
  await until('everything that was taken arrives', () => missing().length === 0).catch(() => undefined);
  assert.deepEqual(missing(), []);
}

suite('tiers', { skip: withoutLoopback }, () => {
  test('what was answered 250 or K arrives when central servers and front ends are killed', async (t) => {
    const ground = Ground.of(t);
    const tiers = await Tiers.start(ground);
    const random = seededRandom(seed);
    const load = new Load(ground, tiers.net);
    const kills: Partial<Record<TierName, number>> = {};
    for (let round = 0; round < 8; round++) {
      // The rounds before the kill, and so its moment, are the test's own choice.
      await load.more(20 + below(random, 150));
      const place = round % 2 === 0 ? 'centre' : 'ingress';
      const victim: TierName = `${place}${random() < 0.7 ? 1 : 2}`;
      kills[victim] = (kills[victim] ?? 0) + 1;
      await tiers.kill(victim);
    }
    await load.more(100);
    await load.end();
    await allArrive(tiers, load);
    const { heard } = load;
    const { taken, again } = copiesOf([tiers.mailboxes, tiers.internet]);
    const twice = [...taken.values()].reduce((sum, copies) => sum + copies.size - 1, 0);
    t.diagnostic(
      `seed ${seed}: ${heard.taken.size} taken, ${heard.doubtCount} answers lost, ${twice} taken twice, ${again} delivered again; kills: ${JSON.stringify(kills)}`,
    );
    // A copy too many is one whose answer was lost, so that the client has sent it again.
    for (const [id, copies] of taken)
      assert.ok(copies.size - 1 <= (heard.doubts.get(id) ?? 0), `${id}: ${[...copies].join('\n')}`);
    // One that is delivered again was under way when its central server was killed: 20 connections to each of three servers.
    assert.ok(again <= ((kills.centre1 ?? 0) + (kills.centre2 ?? 0)) * 60);
    // Kills that lost no answer prove nothing.
    assert.ok(heard.doubtCount > 0);
    assert.deepEqual(
      heard.refusals.filter((reply) => !/: 4\d\d |^Z/u.test(reply)),
      [],
    );
  });

  test('each server is upgraded under load, and no message is refused', async (t) => {
    const ground = Ground.of(t);
    const tiers = await Tiers.start(ground);
    const load = new Load(ground, tiers.net);
    await load.more(200);
    const upgrade = async (name: TierName): Promise<void> => {
      await load.more(50);
      assert.equal(await tiers.stop(name), 0);
      await load.more(50);
      await tiers.run(name);
      await load.more(50);
    };
    // Front ends, one after the other.
    await upgrade('ingress1');
    await upgrade('ingress2');
    // Central servers: first no front end has mail for it any more.
    for (const index of [1, 2]) {
      const gone = `"smtp://127.0.2.${index}:2525"`;
      for (const name of ['ingress1', 'ingress2'] as const) {
        tiers.configure(name, (text) => text.replace(new RegExp(`${gone}(?:, )?|, ${gone}`, 'u'), ''));
        await tiers.cli(name, 'reload');
      }
      await upgrade(`centre${index === 1 ? 1 : 2}`);
      for (const name of ['ingress1', 'ingress2'] as const) {
        tiers.configure(name, (text) => text);
        await tiers.cli(name, 'reload');
      }
    }
    // Egress: mail waits at the centre meanwhile.
    await load.more(50);
    for (const name of ['egress1', 'egress2'] as const) await upgrade(name);
    await load.end();
    await allArrive(tiers, load);
    const { heard } = load;
    t.diagnostic(`${heard.taken.size} taken, ${heard.doubtCount} answers lost`);
    assert.deepEqual(heard.refusals, []);
    // QMQP has no greeting: a client that connects while a server stops has sent its message and hears nothing. It was not taken, as copies show.
    assert.deepEqual(
      [...heard.doubts.keys()].filter((id) => !id.startsWith('null.')),
      [],
    );
    const { taken, again } = copiesOf([tiers.mailboxes, tiers.internet]);
    assert.deepEqual([again, [...taken].filter(([, copies]) => copies.size > 1)], [0, []]);
    // Egress per tenant: each tenant's mail comes from the address of its own server.
    const ways = new Set(
      tiers.internet.messages.map(({ client, sender }) => `${sender.replace(/^.*@/u, '')} ${client}`),
    );
    assert.deepEqual([...ways].toSorted(), [
      `news.example ${tiers.net}.3.2`,
      `shop.example ${tiers.net}.3.1`,
    ]);
  });

  test('the script starts all servers, and a message goes through', async (t) => {
    const ground = Ground.of(t);
    const net = ownNet();
    const directory = ground.folder('tiers');
    const script = ground.start('run', join(examples, 'run'), [directory], {
      env: { ...process.env, NET: net, SLUICE: `${process.execPath} ${sluiceBin}` },
    });
    await script.line(/All servers run\./u);
    const heard = new Heard();
    const letter = { id: 'one@load.test', from: 'a@news.example', to: 'user@far.example', sizeBytes: 100 };
    const servers = [{ address: `${net}.1.1`, port: 2587 }];
    await sendBySmtp(
      [letter][Symbol.iterator](),
      { servers, from: `${net}.5.1`, connections: 1, signal: t.signal },
      heard,
    );
    const log = join(directory, 'world/log');
    await until('it comes out at the egress server of its tenant', () =>
      readFileSync(log, 'utf8').includes(`"client":"${net}.3.2"`),
    );
    assert.equal(await script.stop('SIGTERM'), 0);
  });
});
