// What a reload puts in force, and what waits for a restart.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { reloadable } from '../../src/cli/reloadable.ts';
import { parseConfig } from '../../src/config/config.ts';

const running = parseConfig('hostname = "mx.example.com"', 'sluice.toml');

describe('a reload', () => {
  it('puts everything about shaping in force', () => {
    const next = parseConfig(
      `hostname = "mx.example.com"
      receive = { max_command_line = "4KiB", max_text_line = "1000B", priority_header = "MT-Priority" }
      deliver.max_connections = 5
      adapt = { enabled = false, start_connections = 1, built_in_reactions = false }
      tenant = [{ name = "shop" }]
      source = [{ address = "192.0.2.25" }]
      limit = [{ per = "tenant", tenant = ["shop"], connections = 5 }]
      reaction = [{ name = "busy", code = "421", action = "pause" }]`,
      'sluice.toml',
    );
    const { config, afterRestart } = reloadable(running, next);
    assert.deepEqual(afterRestart, []);
    // Keys with the value undefined count as missing.
    assert.equal(JSON.stringify(config), JSON.stringify(next));
  });

  it('keeps what all processes must agree on, and names these keys', () => {
    const next = parseConfig(
      'hostname = "mx.example.com"\nspool = "elsewhere"\n[queue]\nlifetime = "1d"\nsync = "none"',
      'sluice.toml',
    );
    const { config, afterRestart } = reloadable(running, next);
    assert.deepEqual(afterRestart, ['spool', 'queue.sync']);
    assert.equal(config.spool, running.spool);
    assert.equal(config.queue.sync, 'fdatasync');
    assert.equal(config.queue.lifetime, 86_400_000);
  });

  it('keeps how the stores of all queues were opened', () => {
    const queues = '[queues.a]\n[queues.b]\ncompression = "zstd"\n';
    const before = parseConfig(`[queue]\ncompression = "zstd"\n${queues}`, 'sluice.toml');
    const next = parseConfig(
      `[queue]\ncompression_level = 3\n${queues.replace('zstd', 'none')}[queues.c]\ncompression = "zstd"`,
      'sluice.toml',
    );
    const { config, afterRestart } = reloadable(before, next);
    assert.deepEqual(afterRestart, ['[queues]', 'queue.compression', 'queue.compression_level']);
    assert.deepEqual([config.queue.compression, config.queue.compressionLevel], ['zstd', 1]);
    assert.deepEqual(
      config.queues.map(({ name, compression }) => [name, compression]),
      [
        ['a', undefined],
        ['b', 'zstd'],
        ['c', 'zstd'],
      ],
    );
  });
});
