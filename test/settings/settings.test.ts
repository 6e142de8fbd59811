// The settings of the rooms for a configuration.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { defaultConfig, parseConfig } from '../../src/config/config.ts';
import { camelKeys } from '../../src/config/camel-case.ts';
import { describeConfig } from '../../src/config/show/describe.ts';
import { builtInReactions } from '../../src/schedule/adapt/built-in-reactions.ts';
import { deliverySettings, receiveSettings, schedulerConfig } from '../../src/settings/settings.ts';

const root = join(import.meta.dirname, '../..');

describe('the scheduler', () => {
  it('gets one source that the system chooses when there is none', () => {
    const { sources, weights, adapt } = schedulerConfig(defaultConfig());
    assert.deepEqual(sources, ['']);
    assert.deepEqual(weights, new Map());
    assert.deepEqual(adapt, { enabled: true, startConnections: 5 });
  });

  it('gets sources, weights and adaptation', () => {
    const config = parseConfig(
      `[adapt]
      enabled = false
      start_connections = 2
      [[source]]
      address = "192.0.2.25"
      [[source]]
      address = "2001:DB8::25"
      [[tenant]]
      name = "shop"
      weight = 7
      [[limit]]
      per = "domain"
      connections = 3`,
      'sluice.toml',
    );
    const { sources, weights, adapt, limits } = schedulerConfig(config);
    assert.deepEqual(sources, ['192.0.2.25', '2001:db8::25']);
    assert.deepEqual(weights, new Map([['shop', 7]]));
    assert.deepEqual(adapt, { enabled: false, startConnections: 2 });
    assert.deepEqual(
      limits.rules.map(({ origin, connections }) => [origin, connections]),
      [
        ['built in', 50],
        ['built in', 20],
        ['sluice.toml:11', 3],
      ],
    );
  });

  it('gets the reactions of the file, in its order', () => {
    const config = parseConfig(
      `[[reaction]]
      name = "busy"
      code = "421"
      text = "Too many * connections"
      mx = ["*.Example.com", "mx.example.net"]
      action = "pause"
      for = "1h"
      [[reaction]]
      name = "short"
      text = "slow down"
      action = "slow"
      [[reaction]]
      name = "gone"
      code = "450"
      action = "bounce"
      [[reaction]]
      name = "not gone"
      code = "55"
      action = "retry"`,
      'sluice.toml',
    );
    const rules = schedulerConfig(config).reactions ?? [];
    assert.deepEqual(rules.slice(0, 4), [
      {
        name: 'busy',
        origin: 'sluice.toml:1',
        source: '',
        code: '421',
        text: 'Too many * connections',
        mx: ['*.example.com', 'mx.example.net'],
        action: { kind: 'pause', forMs: 3_600_000 },
      },
      {
        name: 'short',
        origin: 'sluice.toml:8',
        source: '',
        code: '',
        text: 'slow down',
        mx: [],
        action: { kind: 'slow', forMs: 600_000 },
      },
      {
        name: 'gone',
        origin: 'sluice.toml:12',
        source: '',
        code: '450',
        text: '',
        mx: [],
        action: { kind: 'bounce' },
      },
      {
        name: 'not gone',
        origin: 'sluice.toml:16',
        source: '',
        code: '55',
        text: '',
        mx: [],
        action: { kind: 'retry' },
      },
    ]);
  });
});

describe('built-in reactions', () => {
  const own = '[[reaction]]\nname = "busy"\ncode = "421"\naction = "pause"\n';

  it('come after those of the file', () => {
    const rules = schedulerConfig(parseConfig(own, 'sluice.toml')).reactions ?? [];
    assert.equal(rules[0]?.name, 'busy');
    assert.deepEqual(rules.slice(1), builtInReactions);
    assert.ok(builtInReactions.length > 0);
  });

  it('are left out when the file says so', () => {
    const text = `${own}[adapt]\nbuilt_in_reactions = false`;
    const rules = schedulerConfig(parseConfig(text, 'sluice.toml')).reactions ?? [];
    assert.deepEqual(
      rules.map(({ name }) => name),
      ['busy'],
    );
  });
});

describe('a sender', () => {
  it('gets the name of each source', () => {
    const { heloName, heloNames } = deliverySettings(
      parseConfig(
        `[deliver]
        helo_name = "out.example.com"
        [[source]]
        address = "192.0.2.25"
        helo_name = "a.example.com"
        [[source]]
        address = "192.0.2.26"`,
        'sluice.toml',
      ),
    );
    assert.equal(heloName, 'out.example.com');
    assert.deepEqual(
      [...heloNames],
      [
        ['192.0.2.25', 'a.example.com'],
        ['192.0.2.26', 'out.example.com'],
      ],
    );
  });
});

describe('a receiver', () => {
  it('gets the lengths of lines and the priority header', () => {
    const settings = receiveSettings(
      parseConfig(
        '[receive]\nmax_command_line = "4KiB"\nmax_text_line = "1000B"\npriority_header = "MT-Priority"\nextensions.mt_priority = false',
        'sluice.toml',
      ),
    );
    assert.equal(settings.session.maxCommandLineBytes, 4096);
    assert.equal(settings.session.maxTextLineBytes, 1000);
    assert.equal(settings.session.extensions.mtPriority, false);
    assert.equal(settings.priorityHeader, 'MT-Priority');
  });

  it('gets the defaults when the file sets nothing', () => {
    const { session, priorityHeader } = receiveSettings(defaultConfig());
    assert.equal(session.maxCommandLineBytes, 2048);
    assert.equal(session.maxTextLineBytes, 0);
    assert.equal(session.extensions.mtPriority, true);
    assert.equal(priorityHeader, '');
  });
});

describe('deliveries', () => {
  it('get the extensions that are not used with each host', () => {
    const config = parseConfig(
      `[[quirk]]
      mx = ["*.Gateway.example", "relay.example.net"]
      ignore_extensions = ["PIPELINING"]
      [[quirk]]
      ip = ["192.0.2.25", "2001:db8::/32"]
      ignore_extensions = ["DSN", "8BITMIME"]`,
      'sluice.toml',
    );
    const { quirks } = deliverySettings(config);
    const ignored = (host: string, ip: string): string[] => [...quirks.of(host, ip, 25).extensions];
    assert.deepEqual(ignored('mx.gateway.example', '198.51.100.1'), ['PIPELINING']);
    assert.deepEqual(ignored('relay.example.net', '192.0.2.25'), ['PIPELINING', 'DSN', '8BITMIME']);
    assert.deepEqual(ignored('gateway.example', '2001:db8::1'), ['DSN', '8BITMIME']);
    assert.equal(
      deliverySettings(defaultConfig()).quirks.of('a.example', '192.0.2.1', 25).extensions.size,
      0,
    );
  });
});

describe('messages on the way on one connection', () => {
  it('are as many as the lowest that is said about a host, by [[quirk]] or by a [[route]] with relay', () => {
    const config = parseConfig(
      `[deliver]
      pipeline_depth = 8
      [[quirk]]
      mx = ["relay.example.net"]
      pipeline_depth = 2
      [[route]]
      domain = ["example.com"]
      relay = ["relay.example.net:587", "192.0.2.7"]
      pipeline_depth = 1
      ignore_extensions = ["CHUNKING"]
      [[route]]
      domain = ["example.org"]
      relay = ["other.example.net"]`,
      'sluice.toml',
    );
    const { pipelineDepth, quirks } = deliverySettings(config);
    assert.deepEqual(pipelineDepth, { data: 8, chunking: 8 });
    const ofRoute = { extensions: new Set(['CHUNKING']), ownName: undefined, pipelineDepth: 1 };
    assert.deepEqual(quirks.of('relay.example.net', '192.0.2.99', 587), ofRoute);
    assert.deepEqual(quirks.of('192.0.2.7', '192.0.2.7', 25), ofRoute);
    // Other servers at the same addresses are not meant, but by the rule for the name.
    assert.equal(quirks.of('relay.example.net', '192.0.2.99', 25).pipelineDepth, 2);
    assert.equal(quirks.of('192.0.2.7', '192.0.2.7', 2525).pipelineDepth, undefined);
    assert.deepEqual(quirks.of('other.example.net', '192.0.2.8', 25), {
      extensions: new Set(),
      ownName: undefined,
      pipelineDepth: undefined,
    });
    assert.deepEqual(deliverySettings(defaultConfig()).pipelineDepth, { data: 2, chunking: 4 });
  });
});

describe('every key of the configuration', () => {
  /** Whoever reads a configuration: all sources but what declares and prints the keys. */
  const sources = globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !/^src\/config\/(?:schema|show)\//u.test(file))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  const isRead = (key: string): boolean => {
    const name = Object.keys(camelKeys({ [key]: 0 }))[0];
    return new RegExp(`[.{,\\s]${name}\\b`, 'u').test(sources);
  };

  it('is read by some room', () => {
    const unread = describeConfig().flatMap(({ path, keys }) =>
      keys.filter(({ name }) => !isRead(name)).map(({ name }) => `${path}.${name}`),
    );
    assert.deepEqual(unread, []);
  });

  it('is found to be unread when nothing reads it', () => {
    assert.equal(isRead('max_recipients'), true);
    assert.equal(isRead('max_reply_size_of_nobody'), false);
  });
});
