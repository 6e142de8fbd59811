// The error of a line that is not TOML suggests what to write instead, at the place where the mistake begins.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { readToml } from '../../src/config/read/toml.ts';

function problemOf(text: string): string {
  try {
    readToml(text, 'sluice.toml');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [{ line, column, message } = { line: 0, column: 0, message: '' }] = error.problems;
    return `${line}:${column} ${message.replace('this is not TOML: ', '')}`;
  }
  return 'none';
}

const quotes = (text: string) => `a text needs quotes: write ${JSON.stringify(text)}`;

const cases: readonly (readonly [text: string, problem: string])[] = [
  ['hostname = mail.example.com', `1:12 ${quotes('mail.example.com')}`],
  ['spool = /var/spool/sluice # here', `1:9 ${quotes('/var/spool/sluice')}`],
  ['a = 0.0.0.0:25', `1:5 ${quotes('0.0.0.0:25')}`],
  ['a = 30s', `1:5 ${quotes('30s')}`],
  ['a = 5 minutes', `1:5 ${quotes('5 minutes')}`],
  ['a = 600/min', `1:5 ${quotes('600/min')}`],
  ["a = it's", `1:5 ${quotes("it's")}`],
  ['a = user@example.com', `1:5 ${quotes('user@example.com')}`],
  ['a=<>', `1:3 ${quotes('<>')}`],
  ['a = [10.0.0.0/8, 192.0.2.1]', `1:6 ${quotes('10.0.0.0/8')}`],
  ['a = ["x", y]', `1:11 ${quotes('y')}`],
  ['a = [[::1]:25]', `1:6 ${quotes('[::1]:25')}`],
  ['a = [\n  10.0.0.0/8,\n]', `2:3 ${quotes('10.0.0.0/8')}`],
  ['a = { b = c }', `1:11 ${quotes('c')}`],
  ['a = “x”', '1:5 the quotes of TOML are straight: write "x"'],
  ['a = Yes', '1:5 write true'],
  ['a = off', '1:5 write false'],
  ['a = "C:\\path"', '1:8 a backslash is written "\\\\"; between single quotes (\') it stands for itself'],
  ['a: 5', '1:1 a key and its value are separated by an equals sign: write a = ...'],
  ['  a 5', '1:3 a key and its value are separated by an equals sign: write a = ...'],
  ['\ufeffa = b', `1:5 ${quotes('b')}`],
];

describe('a line that is not TOML', () => {
  for (const [text, problem] of cases) {
    it(`${JSON.stringify(text)} gets a suggestion what to write`, () => {
      assert.equal(problemOf(text), problem);
    });
  }

  for (const text of ['= 5', 'a = 5\0', 'a', 'a = "x" "y"', '[a', 'a = "x']) {
    it(`${JSON.stringify(text)} gets no suggestion that cannot be right`, () => {
      assert.doesNotMatch(problemOf(text), /write|none/u);
    });
  }
});
