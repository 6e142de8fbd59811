// Which syncs of folders are shared: those that begin after all who share them have asked.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { GroupedSyncs } from '../../src/mailbox/maildir/grouped-syncs.ts';

/** Syncs that end when they are told to. */
function held() {
  const begun: { readonly folder: string; readonly end: PromiseWithResolvers<void> }[] = [];
  const syncs = new GroupedSyncs((folder) => {
    const end = Promise.withResolvers<void>();
    begun.push({ folder, end });
    return end.promise;
  });
  return { begun, syncs };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

suite('syncs of a folder', () => {
  test('that are asked for while one is under way are one, which begins behind it', async () => {
    const { begun, syncs } = held();
    const first = syncs.sync('new');
    const others = [syncs.sync('new'), syncs.sync('new')];
    await turn();
    assert.equal(begun.length, 1);
    begun[0]?.end.resolve();
    await first;
    await turn();
    assert.equal(begun.length, 2);
    begun[1]?.end.resolve();
    await Promise.all(others);
    void syncs.sync('new');
    assert.equal(begun.length, 3);
  });

  test('of several folders do not wait for each other', () => {
    const { begun, syncs } = held();
    void syncs.sync('one');
    void syncs.sync('two');
    assert.deepEqual(
      begun.map(({ folder }) => folder),
      ['one', 'two'],
    );
  });

  test('that fail fail for all who share them, and the next one is tried', async () => {
    const { begun, syncs } = held();
    const first = syncs.sync('new');
    const second = [syncs.sync('new'), syncs.sync('new')];
    begun[0]?.end.reject(new Error('EIO'));
    await assert.rejects(first, /EIO/u);
    await turn();
    begun[1]?.end.reject(new Error('EIO again'));
    for (const each of second) await assert.rejects(each, /EIO again/u);
    const third = syncs.sync('new');
    begun[2]?.end.resolve();
    await third;
  });

  test('have begun after they were asked for, whatever the order, and all end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ask', 'end', 'fail', 'turn'), { maxLength: 60 }),
        async (steps) => {
          const { begun, syncs } = held();
          let [asked, answered] = [0, 0];
          let ended = 0;
          const end = (fails: boolean): void => {
            const oldest = begun[ended];
            if (oldest === undefined) return;
            ended++;
            if (fails) oldest.end.reject(new Error('EIO'));
            else oldest.end.resolve();
          };
          for (const step of steps) {
            if (step === 'ask') {
              const before = begun.length;
              asked++;
              const settled = (): void => {
                answered++;
                // One that had begun before counts for nobody who asks now.
                assert.ok(ended > before);
              };
              void syncs.sync('new').then(settled, settled);
            } else if (step === 'turn') await turn();
            else end(step === 'fail');
          }
          // Each of them ends one sync at least.
          for (let rounds = asked; rounds > 0; rounds--) {
            end(false);
            await turn();
          }
          assert.equal(answered, asked);
        },
      ),
      { numRuns: 200 },
    );
  });
});
