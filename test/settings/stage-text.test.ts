// What each stage is configured with, as `sluice explain` shows it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { stageText } from '../../src/settings/stage-text.ts';

test('of DNS lists, what is shown in place of a zone with a key in it is shown here, too', () => {
  const text = `
hostname = "mx.example.org"
[[stage]]
name = "lists"
kind = "dns-lists"
reject_at = 1
test_only = true
[[stage.list]]
zone = "secretkey.zen.example.org"
shown_as = "zen.example.org"
[[stage.list]]
zone = "bl.example.org"
`;
  const shown = stageText(parseConfig(text, '/etc/sluice.toml'), 'lists');
  assert.match(shown, /list=zen\.example\.org,bl\.example\.org/u);
  assert.match(shown, /test_only=true.* reject_at=1|reject_at=1.* test_only=true/u);
  assert.ok(!shown.includes('secretkey'), shown);
});

test('of variables and options, names are shown alone: their values may be secrets', () => {
  const text = `
hostname = "mx.example.org"
[[stage]]
name = "programs"
kind = "qmail-spp"
plugins = "/var/qmail/control/smtpplugins"
environment = { DB_PASSWORD = "secret", PATH = "/bin" }
[[stage]]
name = "web"
kind = "plugin"
file = "/etc/sluice/web.ts"
options = { url = "https://user:secret@example.org/", token = "secret" }
`;
  const config = parseConfig(text, '/etc/sluice.toml');
  const programs = stageText(config, 'programs');
  assert.match(programs, /plugins=\/var\/qmail\/control\/smtpplugins/u);
  assert.match(programs, /environment=\{DB_PASSWORD, PATH\}/u);
  const web = stageText(config, 'web');
  assert.match(web, /options=\{url, token\}/u);
  for (const shown of [programs, web]) assert.ok(!shown.includes('secret'), shown);
});

test('networks, patterns and conditions are shown as they are written', () => {
  const keys = `except_clients = ["192.0.2.0/24", "2001:db8::1"]
except_names = ["*.example.com"]
except_senders = ["<>", "a@b.example", "c.example"]
except_results = ["verification.spf=pass"]`;
  const text = `hostname = "mx.example.org"\n[[stage]]\nname = "grey"\nkind = "greylist"\n${keys}\n`;
  const shown = stageText(parseConfig(text, '/etc/sluice.toml'), 'grey');
  for (const line of keys.split('\n')) {
    const [key = '', list = ''] = line.split(' = ');
    assert.ok(shown.includes(`${key}=${list.replaceAll(', ', ',')}`), `${line}: ${shown}`);
  }
});
