// The line that shows progress: drawn over itself on a terminal, and nowhere else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLine } from '../../src/cli/progress-line.ts';

function output(isTTY: boolean) {
  const written: string[] = [];
  const out = { isTTY, columns: 30, write: (text: string) => written.push(text) > 0 };
  return { line: new ProgressLine(out as never), written };
}

test('each text is drawn over the one before, cut to the width, and cleared at the end', () => {
  const { line, written } = output(true);
  line.draw('10%: 5 of 50 messages');
  line.draw('100%: 50 of 50 messages looked at, 50 recipients held');
  line.clear();
  line.clear();
  assert.equal(written[0], '\r10%: 5 of 50 messages\u001b[K');
  assert.ok((written[1]?.length ?? 99) <= '\r\u001b[K'.length + 29, written.join(' '));
  assert.deepEqual(written.slice(2), ['\r\u001b[K']);
});

test('nothing is drawn where there is no terminal', () => {
  const { line, written } = output(false);
  line.draw('10%');
  line.clear();
  assert.deepEqual(written, []);
});
