// [[limit]] tables become the rules of the scheduler, beside the built-in ones.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { type Config, defaultConfig, loadConfig, parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { formerRuleIds, limitRules } from '../../src/settings/settings.ts';
import { unlimited } from '../../src/schedule/limits/types.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const config = (text: string): Config => parseConfig(text, 'sluice.toml');
const idsOf = (text: string): string[] => limitRules(config(text)).map(({ id }) => id);

describe('limits', () => {
  it('without any in the file are the built-in ones', () => {
    const rules = limitRules(defaultConfig());
    assert.deepEqual(
      rules.map(({ per, connections, origin, name, match }) => ({ per, connections, origin, name, match })),
      [
        { per: ['domain'], connections: 20, origin: 'built in', name: '', match: {} },
        { per: ['site'], connections: 50, origin: 'built in', name: '', match: {} },
        { per: ['ip'], connections: 20, origin: 'built in', name: '', match: {} },
      ],
    );
  });

  it('take the place of a built-in one only as a default for connections', () => {
    const rules = limitRules(
      config(
        `[[limit]]
        per = ["site"]
        connections = 7
        [[limit]]
        per = "ip"
        message_rate = "5/s"
        [[limit]]
        per = "domain"
        domain = ["example.com"]
        connections = 2
        [[limit]]
        per = ["domain", "source"]
        connections = 3`,
      ),
    );
    assert.deepEqual(
      rules.map(({ id, name, origin, connections }) => [id, name, origin, connections]),
      [
        ['built in: per domain', '', 'built in', 20],
        ['built in: per ip', '', 'built in', 20],
        ['per site', '', 'sluice.toml:1', 7],
        ['per ip', '', 'sluice.toml:4', undefined],
        ['per domain: example.com', 'example.com', 'sluice.toml:7', 2],
        ['per domain source', '', 'sluice.toml:11', 3],
      ],
    );
  });

  it('have all values of the table', () => {
    const rule = limitRules(
      config(
        `[[limit]]
        name = "yahoo"
        per = "group"
        domain = ["*.yahoo.net"]
        mx = ["mx.yahoo.net"]
        ip = ["98.136.0.0/16"]
        connections = "unlimited"
        connection_rate = "5/s"
        message_rate = "600/min"
        recipient_rate = "unlimited"
        messages_per_connection = 20
        recipients_per_message = "unlimited"`,
      ),
    ).at(-1);
    assert.deepEqual(rule, {
      id: 'yahoo',
      name: 'yahoo',
      origin: 'sluice.toml:1',
      per: [],
      match: {
        domain: [{ kind: 'suffix', domain: 'yahoo.net' }],
        mx: [{ kind: 'exact', domain: 'mx.yahoo.net' }],
        ip: [{ address: '98.136.0.0', prefix: 16 }],
        site: undefined,
        source: undefined,
        tenant: undefined,
        queue: undefined,
      },
      isOverride: false,
      connections: unlimited,
      connectionRate: { count: 5, perMs: 1000 },
      messageRate: { count: 600, perMs: 60_000 },
      recipientRate: { count: 0x7fffffff, perMs: 1000 },
      messagesPerConnection: 20,
      recipientsPerMessage: unlimited,
    });
  });
});

/** Undefined when the file contradicts itself. */
function idsOrNothing(text: string): string[] | undefined {
  try {
    return idsOf(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return undefined;
  }
}

describe('the id of a limit', () => {
  const limit = (keys: string): string => `[[limit]]\n${keys}\nmessage_rate = "1/s"\n`;

  it('is its name, or what it matches', () => {
    assert.deepEqual(
      idsOf(
        [
          limit('name = "a"\nper = "ip"'),
          limit('per = "group"\ndomain = ["example.com", "*.example.net"]\nmx = ["*.example.org"]'),
          limit('per = "ip"\nip = ["192.0.2.1", "2001:db8::/32"]'),
          limit('per = "domain"'),
        ].join(''),
      ).slice(3),
      [
        'a',
        'group: example.com, *.example.net; mx *.example.org',
        'per ip: ip 192.0.2.1, 2001:db8::/32',
        'per domain',
      ],
    );
  });

  it('stays when the limit moves in the file or allows something else', () => {
    const one = limit('per = "domain"\ndomain = ["example.com"]');
    const other = limit('per = "ip"');
    assert.deepEqual(
      idsOf(one + other).toSorted(),
      idsOf(`\n\n${other}messages_per_connection = 5\n${one}`).toSorted(),
    );
  });

  it('is unique, even when a name equals the id of another limit', () => {
    const ids = idsOf(limit('name = "per ip"\nper = "mx"') + limit('per = "ip"'));
    assert.deepEqual(ids.slice(3), ['per ip', 'per ip #2']);
  });

  it('stays short when the list is long, and is still different for each list', () => {
    const domains = Array.from({ length: 1000 }, (_, i) => `customer${i}.example`);
    const text = (list: readonly string[]): string =>
      limit(`per = "group"\ndomain = ${JSON.stringify(list)}`);
    const [first, second] = idsOf(text(domains) + text(domains.slice(1).concat('x.example'))).slice(3);
    const [third] = idsOf(text(domains.with(999, 'x.example'))).slice(3);
    for (const id of [first, second, third]) assert.ok(id !== undefined && id.length <= 80, String(id));
    assert.equal(new Set([first, second, third]).size, 3);
  });

  it('is known by the id of an earlier Sluice, whose word for a tenant was queue', () => {
    const names = Array.from({ length: 20 }, (_, i) => `shop-number-${i}`);
    const tenants = names.map((name) => `[[tenant]]\nname = "${name}"\n`).join('');
    const one = limit('per = "tenant"\ntenant = ["shop-number-1", ""]');
    const many = limit(`per = ["domain", "tenant"]\ntenant = ${JSON.stringify(names)}`);
    const others = limit('per = "ip"') + limit('name = "per queue"\nper = "tenant"\nmx = ["a.example"]');
    const all = config(tenants + one + others + many + limit('per = "tenant"'));
    assert.deepEqual(
      [...formerRuleIds(all)],
      [
        ['per queue: queue shop-number-1, ""', 'per tenant: tenant shop-number-1, ""'],
        [
          'per domain queue: queue shop-number-0, shop-number-1, shop-number-... (3726bb5a)',
          'per domain tenant: tenant shop-number-0, shop-number-1, shop-numbe... (260050d9)',
        ],
        ['per queue #2', 'per tenant'],
      ],
    );
  });

  it('is unique for any limits, and depends on no limit of another match', () => {
    const domains = fc.uniqueArray(fc.constantFrom('a.example', '*.a.example', 'b.example', '[192.0.2.1]'), {
      minLength: 1,
    });
    const table = fc.record(
      {
        name: fc.constantFrom('per ip', 'built in: per ip', 'a', 'group: mx a.example'),
        per: fc.constantFrom('"ip"', '"group"', '["ip", "tenant"]', '["tenant", "ip"]'),
        domain: domains,
        mx: fc.constant(['a.example']),
        tenant: fc.constant(['']),
      },
      { requiredKeys: ['per', 'domain'] },
    );
    let seen = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(table, { maxLength: 6, selector: (each) => each.name ?? each }),
        (tables) => {
          const texts = tables.map(({ per, ...rest }) =>
            limit(
              [
                `per = ${per}`,
                ...Object.entries(rest).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
              ].join('\n'),
            ),
          );
          const ids = idsOrNothing(texts.join(''));
          if (ids === undefined) return;
          seen += tables.length;
          assert.equal(new Set(ids).size, ids.length);
          for (const [index, text] of texts.entries()) {
            const [alone] = idsOf(text).slice(3);
            assert.ok(ids[index + 3] === alone || ids[index + 3]?.startsWith(`${alone} #`), String(alone));
          }
        },
      ),
      { numRuns: 100 },
    );
    assert.ok(seen > 50, `only ${seen} limits were looked at`);
  });

  it('depends on the name of the file of domains, not on its content', (t) => {
    const { path: folder } = temporaryFolder(t, 'rules');
    const file = join(folder, 'sluice.toml');
    writeFileSync(file, limit('per = "group"\ndomain_file = "customers"'));
    const seen = ['a.example\n', 'a.example\nb.example\n', '# nobody now\n'].map((text) => {
      writeFileSync(join(folder, 'customers'), text);
      return limitRules(loadConfig(file))
        .slice(3)
        .map(({ id, match }) => [id, match.domain?.length]);
    });
    // An empty file matches nothing, and a rule that matches nothing is none.
    assert.deepEqual(seen, [[['group: domains of customers', 1]], [['group: domains of customers', 2]], []]);
  });
});
