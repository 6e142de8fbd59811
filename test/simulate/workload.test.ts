// Workloads: read from files, with errors for mistakes, and generated ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateWorkload, parseWorkloadSpec } from '../../src/simulate/generate.ts';
import { WorkloadReader } from '../../src/simulate/read-workload.ts';
import type { Workload } from '../../src/simulate/workload.ts';

function read(...lines: unknown[]): Workload {
  const reader = new WorkloadReader('sends.jsonl');
  for (const line of lines) reader.line(typeof line === 'string' ? line : JSON.stringify(line));
  return reader.end();
}

/** `time sender tenant priority size: domains` of every message in order of time. */
function told(workload: Workload): string[] {
  return [...workload.inOrder()].map((message) => {
    const domains = Array.from({ length: workload.recipientsOf(message) }, (_, recipient) =>
      workload.domains.name(workload.domainAt(workload.place(message, recipient))),
    );
    const tenant = workload.tenant(message) < 0 ? '-' : workload.tenants.name(workload.tenant(message));
    const sender = workload.senders.name(workload.sender(message));
    const [priority, size] = [workload.priority(message) ?? '-', workload.sizeBytes(message)];
    return `${workload.atMs(message)} <${sender}> ${tenant} ${priority} ${size}: ${domains.join(' ')}`;
  });
}

test('a workload is read line by line: addresses, domains, lists, counts, times', () => {
  const workload = read(
    '# a comment',
    '',
    {
      at: '1m',
      from: 'a@example.org',
      to: ['x@Example.COM', 'bücher.example'],
      tenant: 'shop',
      priority: -3,
    },
    { at: 500, from: '<>', to: 'b@[192.0.2.1]', size: '1KiB' },
    { to: 'example.net', count: 3, over: '3s', size: 5 },
  );
  assert.deepEqual(told(workload), [
    '0 <sender@workload.example> - - 5: example.net',
    '500 <> - - 1024: [192.0.2.1]',
    '1000 <sender@workload.example> - - 5: example.net',
    '2000 <sender@workload.example> - - 5: example.net',
    '60000 <a@example.org> shop -3 20000: example.com xn--bcher-kva.example',
  ]);
  assert.deepEqual([workload.messages, workload.recipients, workload.domains.list.length], [5, 6, 4]);
});

test('with dates, the simulation begins with the first message', () => {
  const workload = read(
    { at: '2026-11-30T08:00:10Z', to: 'a.example' },
    { at: '2026-11-30T08:00:00Z', to: 'b.example' },
  );
  assert.deepEqual(
    told(workload).map((text) => text.split(' ')[0]),
    ['0', '10000'],
  );
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['{"to": "a.example"', /is not JSON: /u],
  ['["a.example"]', /a send is an object/u],
  ['{"from": "a@b.example"}', /"to" must be an address, a domain, or a list of them/u],
  ['{"to": []}', /"to" must be an address/u],
  ['{"to": "a b"}', /"a b" is not a domain name/u],
  ['{"to": "*.example.com"}', /"\*\.example\.com" is not an address or a domain/u],
  ['{"to": "a.example", "prioriti": 1}', /there is no key "prioriti"; did you mean "priority"\?/u],
  ['{"to": "a.example", "xyz": 1}', /there is no key "xyz"; there are at, from, to, /u],
  ['{"to": "a.example", "priority": 10}', /"priority" must be a whole number, from -9 to 9/u],
  ['{"to": "a.example", "count": 0}', /"count" must be a whole number, from 1 to /u],
  ['{"to": "a.example", "at": "soon"}', /"soon" is not a duration/u],
  ['{"to": "a.example", "at": -1}', /"at" must be a whole number, 0 or more/u],
  ['{"to": "a.example", "at": "2026-13-01"}', /"2026-13-01" is not a date such as/u],
  ['{"to": "a.example", "at": "2026-11-01"}', /"at" has a date in some lines and none in others/u],
  ['{"to": "a.example", "queue": "shop"}', /"queue" is called "tenant" now: write "tenant": NAME/u],
  ['{"to": "a.example", "tenant": 3}', /"tenant" must be a name/u],
  ['{"to": "a.example", "from": 3}', /"from" must be an address/u],
  ['{"to": "a.example", "size": "big"}', /"big" is not a size/u],
];
for (const [line, reason] of mistakes) {
  test(`the mistake in ${line} is reported with its line`, () => {
    assert.throws(
      () => read({ to: 'first.example' }, '', line),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SIMULATION_INPUT');
        assert.match(error.message, /^Reading the workload: sends\.jsonl:3: /u);
        assert.match(error.message, reason);
        return true;
      },
    );
  });
}

test('a workload without a send is a mistake', () => {
  assert.throws(() => read('# nothing'), /: sends\.jsonl: no line of it is a send$/u);
});

test('a generated workload has the shares that were asked for, and is the same for the same seed', () => {
  const spec = parseWorkloadSpec(
    'messages=20000, domains=100, zipf=1, over=20s, tenants=news:9+shop:1, recipients=2, size=1KB',
  );
  const workload = generateWorkload(spec, 7);
  assert.deepEqual(told(workload), told(generateWorkload(spec, 7)));
  assert.notDeepEqual(told(workload), told(generateWorkload(spec, 8)));
  assert.deepEqual([workload.messages, workload.recipients], [20_000, 40_000]);
  assert.equal(workload.atMs(workload.inOrder().at(-1)!), 19_999);
  const counts = new Map<string, number>();
  const count = (name: string): unknown => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (let message = 0; message < workload.messages; message++) {
    count(workload.tenants.name(workload.tenant(message)));
    count(workload.domains.name(workload.domainAt(workload.place(message, 0))));
  }
  const near = (name: string, part: number): void => {
    const found = (counts.get(name) ?? 0) / workload.messages;
    assert.ok(Math.abs(found - part) < 0.15 * part, `${name}: ${found} instead of ${part}`);
  };
  near('shop', 0.1);
  const harmonic = Array.from({ length: 100 }, (_, rank) => 1 / (rank + 1)).reduce((sum, each) => sum + each);
  near('gmail.com', 1 / harmonic);
  near('outlook.com', 1 / 2 / harmonic);
});

test('without known providers all domains are made up; without a specification there are defaults', () => {
  const workload = generateWorkload(parseWorkloadSpec('domains=3,known=no,zipf=0,messages=1000'), 1);
  assert.deepEqual(workload.domains.list.toSorted(), [
    'domain1.example',
    'domain2.example',
    'domain3.example',
  ]);
  const usual = parseWorkloadSpec('');
  assert.deepEqual([usual.messages, usual.domains, usual.tenants.length], [10_000, 1_000, 0]);
  assert.deepEqual(
    parseWorkloadSpec('tenants=2').tenants.map(({ name }) => name),
    ['tenant1', 'tenant2'],
  );
});

for (const [spec, reason] of [
  ['messages=many', /messages: "many" is not a whole number above 0/u],
  ['message=1', /there is no key "message"; did you mean "messages"\?/u],
  ['messages', /"messages" is not of the form key=value/u],
  ['zipf=-1', /zipf: "-1" is not a number from 0 to 10/u],
  ['over=1', /over: "1" is not a duration/u],
  ['known=maybe', /known: "maybe" is neither yes nor no/u],
  ['tenants=a:0', /tenants: "a:0" is no tenant with its share/u],
] as const) {
  test(`the mistake in --generate ${spec} is reported`, () => {
    assert.throws(() => parseWorkloadSpec(spec), reason);
  });
}
