// What the system can carry: open files by process and ports by source, and the messages when that is too little.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  capacityOf,
  clientsWithinCapacity,
  demandOf,
  ownFiles,
  questionsOf,
  shortageText,
  withinCapacity,
  type Demand,
  type PortRange,
} from '../../src/settings/capacity.ts';
import { openFilesIn, portsIn, systemFacts } from '../../src/settings/system-facts.ts';
import { defaultConfig, parseConfig } from '../../src/config/config.ts';
import { receiveSettings } from '../../src/settings/settings.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';

const usual: PortRange = { first: 32_768, last: 60_999, reserved: 0 };

function demand(over: Partial<Demand> = {}): Demand {
  return {
    singleProcess: false,
    senders: 1,
    receivers: 1,
    deliverConnections: 1_000,
    unanswered: 0,
    receiveConnections: 1_000,
    sources: [],
    questions: { maxInFlight: 1_000, hangingMs: 250, maxHanging: 10_000 },
    ...over,
  };
}

const cases: readonly {
  readonly name: string;
  readonly demand: Partial<Demand>;
  readonly openFiles: number;
  readonly ports?: PortRange;
  readonly deliver: number;
  readonly receive?: number;
  readonly codes: readonly string[];
}[] = [
  { name: 'the defaults fit in a large limit', demand: {}, openFiles: 20_000, deliver: 1_000, codes: [] },
  {
    name: 'no limit at all is enough for anything',
    demand: { deliverConnections: 1_000_000 },
    openFiles: Infinity,
    deliver: 1_000_000,
    codes: [],
  },
  {
    name: 'the defaults do not fit in 1,024 files',
    demand: {},
    openFiles: 1_024,
    deliver: 768,
    receive: 768,
    codes: ['CAPACITY_OPEN_FILES', 'CAPACITY_RECEIVER_FILES'],
  },
  {
    name: 'exactly enough is enough',
    demand: { deliverConnections: 750, receiveConnections: 100 },
    openFiles: 1_000,
    deliver: 750,
    codes: [],
  },
  {
    name: 'several processes have a limit each',
    demand: { deliverConnections: 60_000, senders: 4 },
    openFiles: 20_000,
    deliver: 60_000,
    codes: [],
  },
  {
    name: 'three processes of 20,000 files fall short of 60,000 connections by what they need themselves',
    demand: { deliverConnections: 60_000, senders: 3 },
    openFiles: 20_000,
    deliver: 59_232,
    codes: ['CAPACITY_OPEN_FILES'],
  },
  {
    name: 'receivers alone can fall short',
    demand: { deliverConnections: 100, receiveConnections: 5_000, receivers: 2 },
    openFiles: 2_000,
    deliver: 100,
    receive: 3_488,
    codes: ['CAPACITY_RECEIVER_FILES'],
  },
  {
    name: 'one process shares its files between both in proportion',
    demand: { singleProcess: true, senders: 9, deliverConnections: 3_000, receiveConnections: 1_000 },
    openFiles: 1_256,
    deliver: 750,
    receive: 250,
    codes: ['CAPACITY_OPEN_FILES'],
  },
  {
    name: 'without sources the ports count for each destination and limit nothing as a whole',
    demand: { deliverConnections: 60_000, senders: 4 },
    openFiles: 20_000,
    ports: usual,
    deliver: 60_000,
    codes: [],
  },
  {
    name: 'a source has its ports for all destinations together',
    demand: { deliverConnections: 60_000, senders: 4, sources: ['192.0.2.1'] },
    openFiles: 20_000,
    ports: usual,
    deliver: 28_232,
    codes: ['CAPACITY_PORTS'],
  },
  {
    name: 'three sources have three times the ports',
    demand: { deliverConnections: 60_000, senders: 4, sources: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] },
    openFiles: 20_000,
    ports: usual,
    deliver: 60_000,
    codes: [],
  },
  {
    name: 'the smaller of files and ports counts, and both are told',
    demand: { deliverConnections: 60_000, senders: 1, sources: ['192.0.2.1'] },
    openFiles: 10_256,
    ports: usual,
    deliver: 10_000,
    codes: ['CAPACITY_OPEN_FILES', 'CAPACITY_PORTS'],
  },
  {
    name: 'stopped delivery asks for nothing',
    demand: { deliverConnections: 0, sources: ['192.0.2.1'] },
    openFiles: 1_300,
    ports: usual,
    deliver: 0,
    codes: [],
  },
];

for (const each of cases) {
  test(each.name, () => {
    const wanted = demand(each.demand);
    const capacity = capacityOf(wanted, { openFiles: each.openFiles, ports: each.ports });
    assert.deepEqual(
      capacity.shortages.map(({ code }) => code),
      each.codes,
    );
    assert.equal(capacity.deliver, Math.min(each.deliver, wanted.deliverConnections));
    assert.equal(capacity.receive, each.receive ?? wanted.receiveConnections);
  });
}

test('a process never plans with more files than it may open', () => {
  for (const openFiles of [64, 100, 256, 509, 1_024, 4_096, 20_000, 1_048_576]) {
    for (const singleProcess of [false, true]) {
      const wanted = demand({ singleProcess, deliverConnections: 1e6, receiveConnections: 1e6 });
      const { deliver, receive, perSender } = capacityOf(wanted, { openFiles, ports: undefined });
      const used = singleProcess ? deliver + receive : Math.max(deliver, receive);
      assert.ok(used + ownFiles(openFiles) <= openFiles, `${used} of ${openFiles}`);
      assert.ok(deliver > 0 && receive > 0 && perSender >= deliver);
    }
  }
});

test('the message of a shortage has both numbers and advice', () => {
  const { shortages } = capacityOf(demand({ deliverConnections: 60_000, senders: 2 }), {
    openFiles: 1_024,
    ports: undefined,
  });
  assert.equal(
    shortages.map(shortageText)[0],
    'CAPACITY_OPEN_FILES: deliver.max_connections is 60000, but each of the 2 sender processes may open 1024 files and ' +
      'needs 256 for itself: no more than 1536 connections are made at once. Raise the limit of open files to 31000 ' +
      '(systemd: LimitNOFILE=31000; a shell: ulimit -Hn 31000), or set processes.senders = 79, or max_connections = 1536.',
  );
});

test('the advice names no more processes than the configuration allows', () => {
  const advice = (more: Partial<Demand>) =>
    capacityOf(demand(more), { openFiles: 1_024, ports: undefined })
      .shortages.map((each) => each.advice)
      .join('\n');
  const most = 62 * 768;
  assert.match(
    advice({ receiveConnections: most }),
    /or set processes\.receivers = 62, or max_connections = 768$/u,
  );
  assert.match(advice({ receiveConnections: most + 1 }), /\(systemd: [^)]*\), or max_connections = 768$/u);
  assert.match(advice({ deliverConnections: 256 * 768 }), /processes\.senders = 256/u);
  assert.doesNotMatch(advice({ deliverConnections: 256 * 768 + 1 }), /processes\.senders/u);
});

test('a shortage of ports advises more sources, and a wider range while there is one', () => {
  const text = (ports: PortRange) =>
    capacityOf(demand({ deliverConnections: 100_000, sources: ['192.0.2.1'] }), {
      openFiles: Infinity,
      ports,
    }).shortages.map(shortageText)[0];
  assert.match(text(usual) ?? '', /the source 192\.0\.2\.1 has 28232 ports \(32768 to 60999\)/u);
  assert.match(text(usual) ?? '', /Widen the range .*, or use 4 \[\[source\]\] addresses\.$/u);
  assert.match(
    text({ first: 1_024, last: 65_535, reserved: 0 }) ?? '',
    /\. Use 2 \[\[source\]\] addresses\.$/u,
  );
});

test('with the advice followed, there is no shortage', () => {
  const short = demand({ deliverConnections: 60_000, senders: 3, receiveConnections: 70_000, receivers: 2 });
  const { shortages } = capacityOf(short, { openFiles: 2_048, ports: usual });
  const files = shortages.map(({ advice }) => Number(/LimitNOFILE=(\d+)/u.exec(advice)?.[1]));
  const senders = Number(/senders = (\d+)/u.exec(shortages[0]?.advice ?? '')?.[1]);
  const receivers = Number(/receivers = (\d+)/u.exec(shortages[1]?.advice ?? '')?.[1]);
  assert.deepEqual(capacityOf(short, { openFiles: Math.max(...files), ports: usual }).shortages, []);
  assert.deepEqual(
    capacityOf({ ...short, senders, receivers }, { openFiles: 2_048, ports: usual }).shortages,
    [],
  );
});

test('the readers understand what Linux writes', () => {
  const limits = (hard: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 ${hard}               files     \n`;
  assert.equal(openFilesIn(limits('524288')), 524_288);
  assert.equal(openFilesIn(limits('unlimited')), Infinity);
  assert.deepEqual(portsIn('32768\t60999\n', '\n'), usual);
  assert.deepEqual(portsIn('1024\t65535\n', '80,2000-2009,65530-65540\n'), {
    first: 1_024,
    last: 65_535,
    reserved: 16,
  });
  assert.equal(portsIn('', ''), undefined);
});

test('questions to name servers leave at least half of the open files to the rest', () => {
  const questions = (openFiles: number, over?: Partial<Demand>) => {
    const { maxInFlight, maxHanging } = questionsOf(demand(over), { openFiles, ports: usual });
    return [maxInFlight, maxHanging];
  };
  assert.deepEqual(questions(Infinity), [1_000, 10_000]);
  assert.deepEqual(questions(20_000), [1_000, 5_000]);
  assert.deepEqual(questions(1_024), [256, 256]);
  assert.deepEqual(questions(0), [1, 1]);
  // In one process, connections come first.
  const together = { singleProcess: true, deliverConnections: 1_000, receiveConnections: 10_000 };
  assert.deepEqual(questions(Infinity, together), [1_000, 10_000]);
  assert.deepEqual(questions(20_000, together), [1_000, (20_000 - 256 - 11_000) / 2]);
  assert.deepEqual(questions(12_000, together), [1_000, (12_000 - 256 - 11_000) / 2]);
  assert.deepEqual(questions(1_024, together), [256, 1]);
});

test('this process may open some files', () => {
  const { openFiles } = systemFacts();
  assert.ok(openFiles >= 64, String(openFiles));
});

const config: SchedulerConfig = {
  retryMs: [1],
  retryJitter: 0,
  lifetimeMs: 1,
  bounceLifetimeMs: 1,
  idleConnectionMs: 1,
  recipientsPerTransaction: 1,
  transactionsPerConnection: 1,
  addressRestMs: [1],
  limits: { global: 60_000, unanswered: 0, rules: [] },
  seed: 1,
};

function rule(over: Partial<LimitRule>): LimitRule {
  return { id: 'r', name: '', origin: 'sluice.toml:3', per: [], match: {}, isOverride: false, ...over };
}

function capacity(deliver: number, ports: number) {
  return { deliver, unanswered: 0, perSender: deliver, receive: 1, ports, shortages: [] };
}

test('unanswered connections get the files that are left, without a message', () => {
  const left = (over: Partial<Demand>, openFiles: number, ports: PortRange = usual) => {
    const asked = { unanswered: 10_000, deliverConnections: 1_000, receiveConnections: 1_000, ...over };
    const { deliver, shortages, unanswered } = capacityOf(demand(asked), { openFiles, ports });
    assert.equal(deliver, 1_000);
    assert.deepEqual(shortages, []);
    return unanswered;
  };
  assert.equal(left({}, 524_288), 10_000);
  assert.equal(left({}, 4_096), 4_096 - 256 - 1_000);
  assert.equal(left({ senders: 2 }, 4_096), 2 * (4_096 - 256) - 1_000);
  assert.equal(left({ singleProcess: true }, 4_096), (4_096 - 256 - 2_000) / 2);
  assert.equal(left({}, 1_256), 0);
  const few = { first: 1, last: 1_500, reserved: 0 };
  assert.equal(left({ sources: ['192.0.2.1'] }, 524_288, few), 500);
  assert.equal(left({}, 524_288, few), 10_000);
});

test('unanswered connections get nothing when max_connections alone does not fit', () => {
  const asked = demand({ unanswered: 10_000, deliverConnections: 60_000 });
  assert.equal(capacityOf(asked, { openFiles: 4_096, ports: usual }).unanswered, 0);
  const system = { openFiles: 4_096, ports: usual };
  assert.equal(capacityOf({ ...asked, singleProcess: true }, system).unanswered, 0);
  const given = { ...config, limits: { ...config.limits, unanswered: 10_000 } };
  assert.equal(withinCapacity(given, capacity(60_000, Infinity)).limits.unanswered, 0);
});

test('limits within the capacity are not changed', () => {
  assert.deepEqual(withinCapacity(config, capacity(60_000, Infinity)), config);
});

test('the scheduler gets no more connections in total than can be carried', () => {
  assert.equal(withinCapacity(config, capacity(19_744, 28_232)).limits.global, 19_744);
});

test('the ports of a source are a limit per source, and no rule of the file is above it', () => {
  const own = rule({ per: ['source'], match: { source: [{ address: '192.0.2.1', prefix: 32 }] } });
  const sources = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
  const { limits } = withinCapacity(
    {
      ...config,
      sources,
      limits: {
        ...config.limits,
        rules: [
          { ...own, connections: 40_000 },
          { ...own, connections: 50 },
          rule({ per: ['ip'], connections: 40_000 }),
        ],
      },
    },
    capacity(60_000, 28_232),
  );
  assert.deepEqual(
    limits.rules?.map(({ per, connections, origin }) => [per[0], connections, origin]),
    [
      ['source', 28_232, 'sluice.toml:3, lowered to the ports of this system'],
      ['source', 50, 'sluice.toml:3'],
      ['ip', 40_000, 'sluice.toml:3'],
      ['source', 28_232, 'ports of this system'],
    ],
  );
});

test('without sources the ports are a limit per address', () => {
  const { limits } = withinCapacity(config, capacity(60_000, 28_232));
  assert.deepEqual(
    limits.rules?.map(({ per, connections }) => [per, connections]),
    [[['ip'], 28_232]],
  );
});

test('a receiver serves its share of the clients that files allow', () => {
  const settings = receiveSettings(defaultConfig());
  const with1000 = { ...settings, maxConnections: 1_000 };
  const most = (receive: number, receivers: number) =>
    clientsWithinCapacity(with1000, receivers, { ...capacity(1, 1), receive }).maxConnections;
  assert.equal(most(2_000, 2), 1_000);
  assert.equal(most(1_537, 2), 768);
  assert.equal(most(1, 4), 1);
});

test('the limits of [dns] apply as far as open files allow', () => {
  const toml = '[dns]\nmax_questions = 300\nunanswered_after = "1s"\nmax_unanswered = 700\n';
  const asked = demandOf(parseConfig(toml, 'sluice.toml'));
  assert.deepEqual(questionsOf(asked, { openFiles: Infinity, ports: usual }), {
    maxInFlight: 300,
    hangingMs: 1_000,
    maxHanging: 700,
  });
  const few = questionsOf(asked, { openFiles: 1_024, ports: usual });
  assert.deepEqual([few.maxInFlight, few.maxHanging], [256, 256]);
  const { questions } = demandOf(defaultConfig());
  assert.deepEqual(questions, { maxInFlight: 1_000, hangingMs: 250, maxHanging: 10_000 });
});
