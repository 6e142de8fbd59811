// Every key is documented, and a printed configuration is read back as the same one.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { type Config, defaultConfig, parseConfig } from '../../src/config/config.ts';
import { describeConfig } from '../../src/config/show/describe.ts';
import { jsonSchema, renderReference } from '../../src/config/show/render-reference.ts';
import { renderDefaults, renderInForce } from '../../src/config/show/render-toml.ts';
import { readToml } from '../../src/config/read/toml.ts';

const withoutFile = (config: Config): Config => ({ ...config, file: undefined });
/** Tables stand on other lines when they are printed. */
const withoutLines = (config: Config): Config => ({
  ...config,
  limit: config.limit.map((each) => ({ ...each, origin: '' })),
  reaction: config.reaction.map((each) => ({ ...each, origin: '' })),
});
const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

/** Every key path of an object; those of tables in lists, too. */
function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const paths: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    const here = path === '' ? key : Array.isArray(value) ? path : `${path}.${key}`;
    paths.push(here, ...pathsOf(item, here));
  }
  return paths;
}

describe('the documentation', () => {
  it('gives every key a description, and a default, an example or the reason why it has none', () => {
    for (const table of describeConfig()) {
      for (const key of table.keys) {
        const name = `[${table.path}] ${key.name}`;
        assert.match(key.description, /^[A-Z"][^]{10,}[.]$/, name);
        assert.ok(key.defaultToml !== undefined || key.example !== '', name);
      }
    }
  });

  it('knows every key of the configuration', () => {
    const described = new Set<string>();
    for (const { path, keys } of describeConfig()) {
      described.add(path.replace(/\.NAME$/, ''));
      for (const { name } of keys) described.add(path === '' ? name : `${path}.${name}`);
    }
    const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    // Parsed values have fields of their own below the key.
    const known = (path: string): boolean => described.has(path) || described.has(path.replace(/\.\w+$/, ''));
    for (const path of pathsOf({ ...defaultConfig(), file: {} }).map(snake)) {
      if (path !== 'file' && path !== 'fragments') assert.ok(known(path), `${path} is not described`);
    }
    assert.ok(described.has('receive.extensions.eight_bit_mime'));
  });

  it('of the reference page is up to date (npm run docs)', () => {
    assert.equal(page('configuration.md'), renderReference());
  });

  it('of the JSON Schema is up to date (npm run docs)', () => {
    assert.deepEqual(JSON.parse(page('sluice.schema.json')), JSON.parse(JSON.stringify(jsonSchema())));
  });

  it('has a JSON Schema that refuses unknown keys and describes the others', () => {
    const { receive } = jsonSchema()['properties'] as Record<string, Record<string, unknown>>;
    assert.equal(receive!['additionalProperties'], false);
    const recipients = (receive!['properties'] as Record<string, object>)['max_recipients'];
    assert.deepEqual(recipients, {
      description:
        'The most recipients of one message. Each further one is answered 452, so that the client sends the message to it again. RFC 5321 asks for at least 100.',
      default: 1000,
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
    });
  });
});

describe('the printed configuration', () => {
  it('of the defaults is a valid file that means the defaults', () => {
    assert.deepEqual(withoutFile(parseConfig(renderDefaults(), 'sluice.toml')), defaultConfig());
  });

  it('in force without a file means the defaults', () => {
    const printed = renderInForce(defaultConfig(), undefined);
    assert.deepEqual(withoutFile(parseConfig(printed, 'sluice.toml')), defaultConfig());
  });

  it('in force means the same as the file that it came from', () => {
    const text = `hostname = "mx.example.com"
      dns.servers = ["127.0.0.1:5353"]
      [[listen]]
      address = "[::1]:2525"
      [receive]
      relay_domains = ["example.com"]
      greeting = 'say "hello"'
      extensions = { vrfy = false }
      [[route]]
      domain = ["*.example.net"]
      relay = ["127.0.0.1:26"]
      [[route]]
      mx = true
      [[tenant]]
      name = "shop"
      [[source]]
      address = "192.0.2.25"
      [[reaction]]
      name = "busy"
      code = "421"
      action = "pause"
      [[limit]]
      per = ["source", "mx"]
      mx = ["*.example.net"]
      connections = "unlimited"
      message_rate = "5/s"`;
    const config = parseConfig(text, 'sluice.toml');
    const printed = parseConfig(renderInForce(config, readToml(text, 'sluice.toml')), 'sluice.toml');
    assert.deepEqual(withoutLines(printed), withoutLines(config));
  });
});
