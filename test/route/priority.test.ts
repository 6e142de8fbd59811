// A routing rule may give mail its priority.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTable } from '../../src/route/route-table.ts';

test('a rule gives its priority along with the route, and changes nothing else of it', () => {
  const table = new RouteTable([
    {
      name: 'news',
      match: { kind: 'sender', sender: 'news@a.example' },
      target: { kind: 'mx' },
      priority: -5,
    },
  ]);
  assert.deepEqual(table.routeOf('news@a.example', 'x@b.example'), {
    key: 'mx:b.example',
    domain: 'b.example',
    priority: -5,
  });
  assert.deepEqual(table.routeOf('me@a.example', 'x@b.example'), {
    key: 'mx:b.example',
    domain: 'b.example',
  });
});
