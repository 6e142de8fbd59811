// The vectors of ../shared/suites/srs, which are output of Mail::SRS, and what they do not have.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dayOf } from '../../src/srs/srs-day.ts';
import { Srs } from '../../src/srs/srs.ts';
import type { SrsSeparator } from '../../src/srs/srs-types.ts';

interface Vectors {
  /** Unix seconds. */
  readonly time: number;
  readonly forwarders: readonly [string, string, string];
  readonly cases: readonly {
    readonly secret: string;
    readonly separator: SrsSeparator;
    readonly address: string;
    readonly srs0: string;
    readonly srs1: string;
    readonly srs1_next_hop: string;
    readonly reverse_of_srs0: string;
    readonly reverse_of_srs1: string;
  }[];
}

const file = new URL('../../../shared/suites/srs/vectors.json', import.meta.url);
const isThere = existsSync(file);
const none: Vectors = { time: 0, forwarders: ['', '', ''], cases: [] };
const vectors = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as Vectors) : none;
if (!isThere) test('vectors', { skip: 'shared/suites/srs is not there' }, () => undefined);
const today = dayOf(vectors.time * 1000);

for (const each of vectors.cases) {
  test(`vector of ${each.address} with the secret ${each.secret} and "${each.separator}"`, () => {
    const [first, second, third] = vectors.forwarders.map(
      (domain) =>
        new Srs(
          { domain, separator: each.separator, hashLength: 4, expiryDays: 21, tooLong: 'rewrite' },
          [each.secret],
          () => false,
        ),
    ) as [Srs, Srs, Srs];
    const forward = (srs: Srs, address: string) => srs.forward(address, today);
    assert.deepEqual(forward(first, each.address), { kind: 'rewritten', address: each.srs0 });
    assert.deepEqual(forward(second, each.srs0), { kind: 'rewritten', address: each.srs1 });
    assert.deepEqual(forward(third, each.srs1), { kind: 'rewritten', address: each.srs1_next_hop });

    const back = (srs: Srs, address: string) => {
      const reversed = srs.reverse(address, today);
      return reversed.kind === 'original' ? reversed.address : reversed.fault;
    };
    assert.equal(back(first, each.srs0), each.reverse_of_srs0);
    assert.equal(back(second, each.srs1), each.reverse_of_srs1);
    assert.equal(back(third, each.srs1_next_hop), each.reverse_of_srs1);
  });
}
