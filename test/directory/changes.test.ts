// Changes of Sluice's own directory, in a file as in a database: the same rules, and what is written is what the running Sluice reads.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { changeUser } from '../../src/directory/edit/change-user.ts';
import {
  addDomain,
  addUser,
  existing,
  removeApplicationPassword,
  removeDomain,
  removeUser,
  renameUser,
  setApplicationPassword,
  setPassword,
} from '../../src/directory/edit/changes.ts';
import { editableDatabase } from '../../src/directory/edit/database-records.ts';
import type { EditableDirectory, EditableRecords } from '../../src/directory/edit/editable.ts';
import { editableFile } from '../../src/directory/edit/file-records.ts';
import type { SourceSettings } from '../../src/directory/settings.ts';
import { directoryWorld, type DirectoryWorld, withPassword } from './world.ts';

interface World extends DirectoryWorld {
  readonly path: string;
  readonly directory: EditableDirectory;
  readonly source: SourceSettings;
}

const ownership = { mode: 0o640, owner: undefined };

const kinds: Readonly<Record<string, (t: TestContext) => World>> = {
  'a file': (t) => {
    const it = directoryWorld(t);
    const path = join(it.folder.path, 'users.jsonl');
    const source = { kind: 'users', name: 'own', path, domains: [] } as const;
    return { ...it, path, source, directory: editableFile(path, ownership) };
  },
  'a database': (t) => {
    const it = directoryWorld(t);
    const path = join(it.folder.path, 'users.sqlite');
    const times = { timeoutMs: 60_000, cacheBytes: 0, cacheMs: 0, absentCacheMs: 0 };
    const source = {
      kind: 'sqlite',
      name: 'own',
      path,
      key: 'address',
      domains: [],
      query: undefined,
    } as const;
    return { ...it, path, source: { ...source, ...times }, directory: editableDatabase(path, ownership) };
  },
};

const joe = {
  user: 'Joe@Example.com',
  aliases: ['j@example.com'],
  senders: ['@example.net'],
  mailbox: '/m',
  quota: 1024,
};

function withJoe(records: EditableRecords): void {
  addDomain(records, 'Example.COM');
  addUser(records, joe);
}

for (const [name, world] of Object.entries(kinds))
  suite(name, () => {
    test('has what was added, as the running Sluice reads it', async (t) => {
      const { directory, source, open } = world(t);
      await directory.edit(withJoe);
      await directory.edit((records) => setPassword(records, 'j@example.com', 'secret'));
      const users = await open([source]);
      const right = await users.checkPassword(withPassword('joe@example.com', 'secret'));
      assert.ok(right.kind === 'right');
      assert.deepEqual(right.user, {
        address: 'joe@example.com',
        aliases: ['j@example.com'],
        senders: ['@example.net'],
        mailbox: '/m',
        quotaBytes: 1024,
      });
      assert.deepEqual(await users.findDomain('example.com'), { kind: 'present' });
    });

    test('a new file may be read by those it is for, and by nobody else', async (t) => {
      const { directory, path } = world(t);
      await directory.edit(withJoe);
      assert.equal(statSync(path).mode & 0o777, 0o640);
      chmodSync(path, 0o600);
      await directory.edit((records) => removeUser(records, 'joe@example.com'));
      assert.equal(statSync(path).mode & 0o777, 0o600);
    });

    test('a change that fails changes nothing', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      const change = (records: EditableRecords): void => {
        removeUser(records, 'joe@example.com');
        addUser(records, { user: 'jane@nowhere.example' });
      };
      await assert.rejects(directory.edit(change), { code: 'DIRECTORY_DOMAIN' });
      assert.deepEqual(await directory.read((records) => existing(records, 'j@example.com').mailbox), '/m');
    });

    for (const [what, change, code] of [
      ['an address that is there', { user: 'JOE@example.com' }, 'DIRECTORY_TAKEN'],
      ['an address that is an alias', { user: 'j@example.com' }, 'DIRECTORY_TAKEN'],
      [
        'an alias that is there',
        { user: 'jim@example.com', aliases: ['joe@example.com'] },
        'DIRECTORY_TAKEN',
      ],
      [
        'an alias twice',
        { user: 'jim@example.com', aliases: ['a@b.example', 'A@b.example'] },
        'DIRECTORY_TAKEN',
      ],
      ['a domain that is not there', { user: 'jim@example.net' }, 'DIRECTORY_DOMAIN'],
      ['what is no address', { user: 'jim' }, 'DIRECTORY_RECORD'],
    ] as const)
      test(`refuses a user with ${what}`, async (t) => {
        const { directory } = world(t);
        await directory.edit(withJoe);
        await assert.rejects(
          directory.edit((records) =>
            addUser(records, { ...change, aliases: [...('aliases' in change ? change.aliases : [])] }),
          ),
          { code },
        );
      });

    test('what is known of a user is changed, and all else stays', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await directory.edit((records) => setPassword(records, 'joe@example.com', 'secret'));
      const change = (what: Parameters<typeof changeUser>[2]) =>
        directory.edit((records) => changeUser(records, 'joe@example.com', what));
      const joeNow = () => directory.read((records) => existing(records, 'joe@example.com'));
      const { password, scram } = await joeNow();
      const changed = await change({
        aliases: { add: ['K@example.com'], remove: ['j@example.com'] },
        senders: { only: ['sales@example.net'] },
        mailbox: null,
        quota: 2048,
        disabled: true,
      });
      assert.ok(changed.isChanged);
      assert.deepEqual(await joeNow(), {
        user: 'joe@example.com',
        aliases: ['k@example.com'],
        senders: ['sales@example.net'],
        quota: 2048,
        disabled: true,
        password,
        scram,
      });
      assert.equal(await directory.read((records) => records.user('j@example.com')), undefined);
      assert.ok(
        (await change({ aliases: { only: [] }, senders: { only: [] }, quota: null, disabled: false }))
          .isChanged,
      );
      assert.deepEqual(await joeNow(), { user: 'joe@example.com', password, scram });
      const same = await change({ disabled: false, aliases: { only: [] } });
      assert.equal(same.isChanged, false, 'it was like this before');
    });

    test('a change is refused that takes the address of another, or takes away what is not there', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await directory.edit((records) => addUser(records, { user: 'sue@example.com' }));
      const change = (what: Parameters<typeof changeUser>[2]) =>
        directory.edit((records) => changeUser(records, 'sue@example.com', what));
      await assert.rejects(change({ aliases: { add: ['j@example.com'] } }), { code: 'DIRECTORY_TAKEN' });
      await assert.rejects(change({ aliases: { add: ['sue@example.com'] } }), { code: 'DIRECTORY_TAKEN' });
      await assert.rejects(change({ senders: { remove: ['@example.net'] } }), { code: 'DIRECTORY_RECORD' });
      await assert.rejects(change({ senders: { add: ['example.net'] } }), { code: 'DIRECTORY_RECORD' });
      assert.deepEqual(await directory.read((records) => existing(records, 'sue@example.com')), {
        user: 'sue@example.com',
      });
    });

    test('a user who is renamed keeps all else, and frees the address', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await directory.edit((records) => setPassword(records, 'joe@example.com', 'secret'));
      await directory.edit((records) => {
        setApplicationPassword(records, 'joe@example.com', 'Phone', 'phone-password');
        renameUser(records, 'joe@example.com', 'Joseph@example.com');
        addUser(records, { user: 'joe@example.com' });
      });
      const found = await directory.read((records) => existing(records, 'j@example.com'));
      assert.equal(found.user, 'joseph@example.com');
      assert.match(found.password ?? '', /^\$argon2id/u);
      assert.deepEqual(
        found.applications?.map((each) => each.name),
        ['Phone'],
      );
      await assert.rejects(
        directory.edit((records) => renameUser(records, 'joe@example.com', 'j@example.com')),
        { code: 'DIRECTORY_TAKEN' },
      );
    });

    test('an alias names its user, but does not remove him', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await assert.rejects(
        directory.edit((records) => removeUser(records, 'j@example.com')),
        { code: 'DIRECTORY_USER', message: /alias of joe@example\.com/u },
      );
      await directory.edit((records) => removeUser(records, 'joe@example.com'));
      await assert.rejects(
        directory.read((records) => existing(records, 'j@example.com')),
        { code: 'DIRECTORY_USER' },
      );
    });

    test('application passwords are made, replaced and removed by name; SCRAM takes each of them', async (t) => {
      const { directory, source, open } = world(t);
      await directory.edit(withJoe);
      await directory.edit((records) => {
        setApplicationPassword(records, 'joe@example.com', 'Phone', 'old');
        setApplicationPassword(records, 'joe@example.com', 'Printer', 'printer');
        setApplicationPassword(records, 'joe@example.com', 'Phone', 'phone');
        setPassword(records, 'joe@example.com', 'own');
      });
      const users = await open([source]);
      const nameOf = async (password: string) => {
        const answer = await users.checkPassword(withPassword('joe@example.com', password));
        return answer.kind === 'right' ? (answer.application ?? 'own') : answer.kind;
      };
      assert.deepEqual(
        [await nameOf('own'), await nameOf('phone'), await nameOf('printer'), await nameOf('old')],
        ['own', 'Phone', 'Printer', 'wrong'],
      );
      const salts = await directory.read((records) => {
        const { scram, applications = [] } = existing(records, 'joe@example.com');
        return new Set([scram, ...applications.map((each) => each.scram)].map((each) => each?.split('$')[1]));
      });
      assert.equal(salts.size, 1, 'a client is told one salt');
      await directory.edit((records) => removeApplicationPassword(records, 'joe@example.com', 'Phone'));
      await assert.rejects(
        directory.edit((records) => removeApplicationPassword(records, 'joe@example.com', 'Phone')),
        { code: 'DIRECTORY_APPLICATION' },
      );
    });

    test('a user with more than fits on a line is refused, so that the file can be read', async (t) => {
      const { directory, source, open } = world(t);
      await directory.edit(withJoe);
      const senders = Array.from({ length: 50 }, (_, number) => `${'a'.repeat(200)}${number}@example.net`);
      await assert.rejects(
        directory.edit((records) => addUser(records, { user: 'jane@example.com', senders })),
        { code: 'DIRECTORY_RECORD', message: /more than 8000 bytes/u },
      );
      assert.equal((await (await open([source])).find('joe@example.com')).kind, 'user');
    });

    test('a domain is removed when its users are', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await assert.rejects(
        directory.edit((records) => removeDomain(records, 'example.com')),
        { code: 'DIRECTORY_DOMAIN', message: /has users/u },
      );
      await assert.rejects(
        directory.edit((records) => addDomain(records, 'EXAMPLE.com')),
        { code: 'DIRECTORY_TAKEN' },
      );
      await directory.edit((records) => {
        removeUser(records, 'joe@example.com');
        removeDomain(records, 'Example.com');
      });
      assert.deepEqual(await directory.read((records) => records.domains()), []);
    });

    test('a final dot of a domain is not kept, and is nobody else', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      for (const domain of ['example.com.', 'EXAMPLE.com.'])
        await assert.rejects(
          directory.edit((records) => addDomain(records, domain)),
          { code: 'DIRECTORY_TAKEN' },
          domain,
        );
      for (const user of ['joe@example.com.', 'J@example.com.'])
        await assert.rejects(
          directory.edit((records) => addUser(records, { user })),
          { code: 'DIRECTORY_TAKEN' },
          user,
        );
      await directory.edit((records) => {
        addDomain(records, 'example.net.');
        addUser(records, {
          user: 'jane@example.net.',
          aliases: ['ja@example.net.'],
          senders: ['@example.org.'],
        });
      });
      const jane = await directory.read((records) => existing(records, 'ja@example.net.'));
      assert.deepEqual(
        [jane.user, jane.aliases, jane.senders],
        ['jane@example.net', ['ja@example.net'], ['@example.org']],
      );
      assert.deepEqual(
        (await directory.read((records) => records.domains().map(({ domain }) => domain))).toSorted(),
        ['example.com', 'example.net'],
      );
    });

    test('users of one domain are listed apart from those of others', async (t) => {
      const { directory } = world(t);
      await directory.edit((records) => {
        withJoe(records);
        addDomain(records, 'mail.example.com');
        addUser(records, { user: 'a@mail.example.com' });
      });
      const of = (domain?: string) =>
        directory.read((records) => [...records.users(domain)].map(({ user }) => user).toSorted());
      assert.deepEqual(await of('example.com'), ['joe@example.com']);
      assert.deepEqual(await of(), ['a@mail.example.com', 'joe@example.com']);
    });

    test('commands at the same time wait for each other', async (t) => {
      const { directory } = world(t);
      await directory.edit(withJoe);
      await Promise.all(
        Array.from({ length: 5 }, (_, number) =>
          directory.edit((records) => addUser(records, { user: `user${number}@example.com` })),
        ),
      );
      assert.equal((await directory.read((records) => [...records.users()])).length, 6);
    });
  });

suite('the file', () => {
  const text =
    '# staff\n\n{"domain":"example.com"}\n  {"user": "joe@example.com",  "mailbox": "/m"}\n# end\n';

  test('keeps comments, order and lines that are not changed', async (t) => {
    const it = kinds['a file']?.(t) as World;
    writeFileSync(it.path, text);
    await it.directory.edit((records) => addUser(records, { user: 'jane@example.com' }));
    assert.equal(readFileSync(it.path, 'utf8'), `${text}{"user":"jane@example.com"}\n`);
    await it.directory.edit((records) => removeUser(records, 'jane@example.com'));
    assert.equal(readFileSync(it.path, 'utf8'), text);
  });

  test('with a mistake on a line is not changed', async (t) => {
    const it = kinds['a file']?.(t) as World;
    writeFileSync(it.path, `${text}joe:secret\n`);
    await assert.rejects(
      it.directory.edit((records) => addDomain(records, 'example.net')),
      { code: 'DIRECTORY_BROKEN', message: /line 6/u },
    );
    assert.equal(readFileSync(it.path, 'utf8'), `${text}joe:secret\n`);
  });

  test('behind a link is replaced, and not the link', async (t) => {
    const it = kinds['a file']?.(t) as World;
    const real = join(it.folder.path, 'real');
    writeFileSync(real, text);
    symlinkSync(real, it.path);
    await it.directory.edit((records) => addDomain(records, 'example.net'));
    assert.match(readFileSync(real, 'utf8'), /example\.net/u);
  });

  test('whose lock was left behind by a killed command is changed all the same', async (t) => {
    const it = kinds['a file']?.(t) as World;
    writeFileSync(it.path, text);
    // No process has this id: it is above the limit of the system.
    writeFileSync(`${it.path}.lock`, '99999999\n');
    await it.directory.edit((records) => addDomain(records, 'example.net'));
    assert.ok(!existsSync(`${it.path}.lock`));
  });
});
