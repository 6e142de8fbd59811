// Any content of the file gives a configuration or a ConfigError with places, never another error.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import * as fc from 'fast-check';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { renderDefaults } from '../../src/config/show/render-toml.ts';

const valid = `${renderDefaults()
  .replaceAll(/^# .*\n/gm, '')
  .replaceAll(/\n+/g, '\n')}
[[route]]
name = "partners"
domain = ["example.com", "*.example.net"]
relay = ["relay.example.net:25", "[::1]:2525"]
[[route]]
sender = ["<>", "a@example.com"]
error = "550 5.1.2 No such domain"
[[reaction]]
name = "busy"
code = "421"
text = "too many * connections"
mx = ["*.example.net"]
action = "slow"
for = "5m"
[[tenant]]
name = "shop"
sender = ["shop.example", "a@example.com"]
client = ["10.0.0.0/8"]
weight = 3
priority = -2
[[source]]
address = "192.0.2.25"
helo_name = "mail.example.com"
[[limit]]
name = "group"
per = "group"
tenant = ["", "shop"]
source = ["192.0.2.25"]
domain = ["example.com", "[192.0.2.1]"]
mx = ["*.example.net"]
ip = ["192.0.2.0/24"]
connections = 100
message_rate = "600/min"
[[limit]]
per = ["source", "mx"]
connections = "unlimited"
recipient_rate = "unlimited"
`;

function isConfigOrProblems(text: string): void {
  try {
    parseConfig(text, 'sluice.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, `threw ${String(error)}`);
    assert.ok(error.problems.length > 0);
    const lines = text.split(/\r\n|[\r\n]/).length;
    for (const { line, column, message } of error.problems) {
      assert.ok(line >= 1 && line <= lines, `line ${line} of ${lines}: ${message}`);
      assert.ok(column >= 1, `column ${column}: ${message}`);
    }
  }
}

describe('a configuration', () => {
  it('is valid before it is changed', () => {
    assert.equal(parseConfig(valid, 'sluice.toml').route.length, 2);
  });

  it('with a piece replaced by anything is read or refused with places', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '',
        '"',
        '[',
        ']',
        '[[',
        ']]',
        '=',
        '.',
        '\n',
        '#',
        "'''",
        '"""',
        '{',
        '}',
        ',',
        '\r',
        '1979-05-27',
        'inf',
        '0x1',
        '-1',
        'true',
        '[]',
        '{}',
        '""',
        '\u0000',
        '\ud800',
        '\ufeff',
      ),
    );
    const at = fc.nat(valid.length);
    fc.assert(
      fc.property(at, fc.nat(12), piece, (start, length, text) => {
        isConfigOrProblems(valid.slice(0, start) + text + valid.slice(start + length));
      }),
      { numRuns: 500 },
    );
  });

  it('with any value at any key is read or refused with places', () => {
    const lines = valid.split('\n');
    const keys = lines.flatMap((line, index) => (line.includes(' = ') ? [index] : []));
    const value: fc.Arbitrary<unknown> = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { maxLength: 3 }),
      fc.constantFrom(
        '5m',
        '1MiB',
        '127.0.0.1:1',
        '10.0.0.0/8',
        '*.example.com',
        '<>',
        '[::1]',
        '::',
        '@',
        'a@',
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, (index, given) => {
        const key = (lines[index] ?? '').split(' = ')[0] ?? '';
        isConfigOrProblems(lines.with(index, `${key} = ${JSON.stringify(given)}`).join('\n'));
      }),
      { numRuns: 500 },
    );
  });

  it('made of any text is read or refused with places', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isConfigOrProblems), {
      numRuns: 500,
    });
  });
});
