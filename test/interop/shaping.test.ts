// Shaping with all of Sluice's processes and real sockets: hundreds of destinations, limits in every dimension, more than a
// thousand deliveries at once. Only the destinations count, and none ever sees more than its limit.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { type Kind, ShapedInternet } from './shaped-internet.ts';

const sources = ['127.9.0.1', '127.9.0.2', '127.9.0.3'];
const atOnce = 1_100;

const kinds: readonly Kind[] = [
  { name: 'plain', sites: 180, domains: 2 },
  { name: 'big', sites: 1, hosts: 8, domains: 30 },
  { name: 'two-only', sites: 2 },
  { name: 'family', sites: 5 },
  { name: 'shy', sites: 4, hosts: 1, addresses: 3 },
  { name: 'near', sites: 20 },
  { name: 'block', sites: 10 },
  { name: 'picky', sites: 4 },
  { name: 'shared', sites: 8, shared: true },
  { name: 'paced', sites: 1 },
  { name: 'doorman', sites: 1 },
  { name: 'few-each', sites: 2 },
];

const family = new Set(Array.from({ length: 5 }, (_, i) => `d0.s${i}.family.test`));

const limit = [
  // Defaults for all destinations without a limit of their own.
  { per: 'domain', connections: 4 },
  { per: 'site', connections: 30 },
  { per: 'ip', connections: 6 },
  { per: 'source', connections: 450 },
  { per: 'tenant', connections: 700 },
  { per: 'tenant', tenant: ['small'], connections: 150 },
  // Limits for named destinations.
  { per: 'source', source: ['127.9.0.1'], connections: 200 },
  { per: 'domain', domain: ['*.two-only.test'], connections: 2 },
  { name: 'family', per: 'group', domain: [...family], connections: 12 },
  { per: 'mx', mx: ['*.shy.test'], connections: 3 },
  { per: 'network', ip: ['127.20.5.0/24'], connections: 40 },
  { name: 'block', per: 'group', ip: ['127.20.6.0/25'], connections: 25 },
  { per: ['source', 'mx'], mx: ['*.picky.test'], connections: 1 },
  { per: 'mx', mx: ['*.paced.test'], message_rate: '4/sec', connections: 4 },
  { per: 'mx', mx: ['*.doorman.test'], connection_rate: '3/sec', messages_per_connection: 1 },
  { per: 'domain', domain: ['*.few-each.test'], recipients_per_message: 3 },
];

/** Mail of three tenants to every destination, enough to reach the limit of its kind. */
function* mail(internet: ShapedInternet): Generator<Submission> {
  const perDomain: Record<string, number> = { plain: 12, big: 8, paced: 30, doorman: 40, 'few-each': 10 };
  let number = 0;
  for (const [kind] of internet.kinds) {
    for (const domain of internet.domains(kind)) {
      for (let i = 0; i < (perDomain[kind] ?? 40); i++) {
        const recipients = kind === 'few-each' ? 8 : 1;
        yield {
          id: `${number++}@client.test`,
          from: `sender@${['flood', 'flood', 'flood', 'small', 'other'][i % 5]}.test`,
          to: Array.from({ length: recipients }, (_, k) => `person${k}@${domain}`),
          sizeBytes: 500,
        };
      }
    }
  }
}

test('with more than 1,000 deliveries at once no destination sees more than its limit, in any dimension', (t) =>
  shape(t, false));

test('the same holds with several messages on the way on a connection', (t) => shape(t, true));

async function shape(t: TestContext, isPipelined: boolean): Promise<void> {
  const ground = Ground.of(t);
  const internet = new ShapedInternet(kinds, new Map([['family', family]]), isPipelined);
  await internet.start(ground);
  assert.ok(internet.addresses >= 200, `${internet.addresses} addresses`);
  const { census, reach } = internet;
  const sluice = await startSluice(ground, {
    config: {
      log: { level: 'warn' },
      dns: reach.dns,
      processes: { senders: 2 },
      queue: { retry: ['1s'] },
      deliver: {
        port: reach.port,
        ipv6: false,
        max_connections: atOnce,
        max_unanswered: 0,
        idle_connection: '200ms',
        ...(!isPipelined && { pipeline_depth: 1 }),
      },
      adapt: { enabled: false },
      tenant: ['flood', 'small'].map((name) => ({ name, sender: [`${name}.test`] })),
      source: sources.map((address) => ({ address })),
      limit,
    },
  });
  const submissions = [...mail(internet)];
  const wanted = submissions.reduce((all, { to }) => all + to.length, 0);
  const submitted = submit(submissions, { address: '127.0.0.1', port: sluice.port, connections: 20 });
  // No destination answers before this many connections are open at the same time.
  await census.reached(1_000);
  await submitted;
  internet.open();
  await internet.arrived(wanted);
  await until('all connections are closed', () => census.connections === 0);

  /** The highest count of the names that begin with `prefix` and end with `suffix`. */
  const most = (prefix: string, suffix = ''): number =>
    Math.max(
      0,
      ...[...census.mostByName(prefix)].map(([name, count]) => (name.endsWith(suffix) ? count : 0)),
    );
  /** Checks that the limit was not exceeded, and that it was reached where this mail suffices for it. */
  const holds = (what: string, seen: number, allowed: number, pressed = true): void => {
    t.diagnostic(`${what}: at most ${seen} of ${allowed}`);
    assert.ok(seen <= allowed, `${what}: ${seen} at once, the limit is ${allowed}`);
    if (pressed)
      assert.equal(seen, allowed, `${what}: only ${seen} at once, so the limit of ${allowed} proves nothing`);
  };
  holds('all connections', census.maxConnections, atOnce);
  // The group of addresses stands in for the limit per address (a group counts as a match for each of its members).
  const singles = [...census.mostByName('ip ')].filter(([name]) => !name.startsWith('ip 127.20.6.'));
  holds('per ip', Math.max(...singles.map(([, count]) => count)), 6);
  holds('per site', most('site '), 30);
  const domains = [...census.mostByName('domain ')].filter(([name]) => !name.endsWith('.family.test'));
  holds('per domain', Math.max(...domains.map(([, count]) => count)), 4);
  holds('domain two-only', most('domain ', '.two-only.test'), 2);
  holds('group of domains', census.most('group family'), 12);
  holds('per mx', most('mx ', '.shy.test'), 3);
  holds('per network', census.most('network 127.20.5'), 40);
  holds('group of addresses', census.most('network 127.20.6'), 25);
  for (const [i, address] of sources.entries()) {
    holds(`source ${address}`, census.most(`source ${address}`), i === 0 ? 200 : 450);
  }
  holds('tenant flood', census.most('tenant flood.test'), 700, false);
  holds('tenant small', census.most('tenant small.test'), 150);
  for (const address of sources) {
    holds(`source and mx, from ${address}`, most(`source and mx ${address}`, '.picky.test'), 1);
  }
  holds('an address of many names', census.most('ip 127.20.8.1'), 6);
  holds(
    'recipients of a message',
    Math.max(...[...census.mostByName('recipients ')].map(([name]) => Number(name.split(' ')[1]))),
    3,
  );
  // On a busy machine, one message may need a second to reach the destination and the next one none.
  const paced = census.mostWithin('message to mx0.s0.paced.test', 9_000);
  assert.ok(paced <= 40, `${paced} messages in 9 s, 4 a second are allowed`);
  const arrivals = census.mostWithin('mx mx0.s0.doorman.test', 9_000);
  assert.ok(arrivals <= 30, `${arrivals} connections in 9 s, 3 a second are allowed`);
  assert.equal(census.arrivals('mx mx0.s0.doorman.test'), 40, 'one message a connection');

  assert.equal(internet.deliveries(), wanted);
  assert.equal(internet.duplicates, 0);
  t.diagnostic(`${internet.followed} messages were followed by the next one before they were answered`);
  assert.equal(
    internet.followed > 100,
    isPipelined,
    `${internet.followed} messages were followed by another`,
  );
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
}
