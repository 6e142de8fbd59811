// [[schedule]]: what is refused, with a way out, and what check warns of.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { scheduleRules } from '../../src/settings/mail-schedules.ts';

const head = 'hostname = "mx.example.com"\n';
const parse = (text: string) => parseConfig(`${head}${text}`, 'sluice.toml');

function problems(text: string): string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
}

const warnings = (text: string): string[] =>
  placeWarnings(configWarnings(parse(text)), undefined).map(placedText);

test('mistakes are refused with a way out', () => {
  const domain = 'domain = ["a.example"]\n';
  const cases: readonly (readonly [string, RegExp])[] = [
    [`[[schedule]]\n${domain}`, /sets nothing: give at least one of retry, lifetime/],
    [
      '[[schedule]]\nlifetime = "1d"',
      /matches nothing: give at least one of domain, route, tenant; the times for all mail/,
    ],
    [
      `[[schedule]]\n${domain}windows = []`,
      /must name one window at least; without any, mail could never go/,
    ],
    [
      `[[schedule]]\n${domain}windows = ["Mon 8-9"]`,
      /"Mon 8-9" is no delivery window; write days, hours, or both/,
    ],
    [`[[schedule]]\n${domain}windows = "never"`, /must be a list of windows such as/],
    [
      `[[schedule]]\n${domain}windows = ["Mon"]\nzone = "Berlin"`,
      /"Berlin" is no time zone; write one such as/,
    ],
    [`[[schedule]]\n${domain}lifetime = "1d"\nzone = "UTC"`, /is for windows, and there are none/],
    [
      `[[schedule]]\n${domain}retry = { frist = "5m" }`,
      /frist: there is no such key; a curve has curve, first, factor, most/,
    ],
    [
      `[[schedule]]\n${domain}retry = { first = "5m", factor = 0.5 }`,
      /factor: must be a number from 1 to 100/,
    ],
    [`[[schedule]]\n${domain}retry = { first = "5m", most = "1m" }`, /most: must not be less than first/],
    [
      `[[schedule]]\n${domain}retry = { first = "5m", curve = "quadratic", factor = 2 }`,
      /is for curve = "exponential" alone/,
    ],
    [
      '[[schedule]]\nroute = ["nowhere"]\nlifetime = "1d"',
      /there is no \[\[route\]\] with the name "nowhere"/,
    ],
    [
      '[[schedule]]\ntenant = ["nobody"]\nlifetime = "1d"',
      /there is no \[\[tenant\]\] with the name "nobody"/,
    ],
    [
      `[[schedule]]\n${domain}lifetime = "1d"\n[[schedule]]\ndomain = ["b.example", "a.example"]\nlifetime = "2d"`,
      /schedule\[2\]\.lifetime: is set for the same mail already in schedule\[1\]/,
    ],
  ];
  for (const [text, pattern] of cases) {
    const [problem = 'none', ...others] = problems(text);
    assert.match(problem, pattern, text);
    assert.deepEqual(others, [], text);
  }
});

test('two schedules may match the same mail when they give other keys', () => {
  const text =
    '[[schedule]]\ndomain = ["a.example"]\nlifetime = "9d"\n[[schedule]]\ndomain = ["a.example"]\nretry = ["5m"]';
  const rules = scheduleRules(parse(text));
  assert.deepEqual(
    rules.map(({ name, origin, lifetimeMs, retry }) => [name, origin, lifetimeMs, retry]),
    [
      ['a.example', 'sluice.toml:2', 9 * 86_400_000, undefined],
      ['a.example', 'sluice.toml:5', undefined, [300_000]],
    ],
  );
});

test('check warns of lifetimes that end before a window opens, by other schedules, too', () => {
  const office = '[[schedule]]\ndomain = ["*.a.example"]\nwindows = ["Mon-Fri 08:00-18:00"]\nzone = "UTC"\n';
  const [bounces = '', ...others] = warnings(`${office}lifetime = "7d"`);
  assert.match(
    bounces,
    /schedule\[1\]\.windows: bounce_lifetime in \[queue\].* \(1d\) ends before a window opens again, .* up to 2d14h/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(warnings(`${office}lifetime = "7d"\nbounce_lifetime = "4d"`), []);
  const own = warnings(`${office}lifetime = "2d"\nbounce_lifetime = "4d"`);
  assert.match(own.join('\n'), /^schedule\[1\]\.lifetime: lifetime \(2d\) ends before/);
  const more = `${office}bounce_lifetime = "4d"\n[[schedule]]\ndomain = ["x.a.example"]\nlifetime = "1d"`;
  assert.match(warnings(more).join('\n'), /^schedule\[2\]\.lifetime: .*windows of schedule\[1\]/);
  assert.deepEqual(warnings(more.replace('x.a.example', 'x.b.example')), []);
});

test('check warns of retry times that are never used', () => {
  const text = '[[schedule]]\ndomain = ["a.example"]\nlifetime = "1h"\nretry = ';
  assert.match(
    warnings(`${text}["2h"]`).join('\n'),
    /schedule\[1\]\.retry: the first time is not shorter than lifetime/,
  );
  assert.match(warnings(`${text}["5m", "3h"]`).join('\n'), /schedule\[1\]\.retry\[2\]: 3h is never used/);
  assert.deepEqual(warnings(`${text}{ first = "5m" }`), []);
});
