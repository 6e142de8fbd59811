// Greylisting: a sender that nobody here has heard of is told to come again, which mail servers do and most programs of spammers do not.
//
//   [[stage]]
//   name = "greylisting"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/greylisting.ts"
//   audience = "strangers"          # never users, nor clients that may relay
//   on_failure = "continue"         # without its database, mail is let through
//   [stage.options]
//   wait = "5m"                     # until a second try is let through
//   retry = "2d"                    # so long a first try is remembered
//   keep = "36d"                    # so long a sender is known after its last mail
//
// A sender is known by its network (/24, /64), its address and the recipient. What was heard is in SQLite, in the folder that Sluice keeps for
// this stage: all receivers share it, and a restart forgets nothing.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { duration, goOn, networkAround, plugin, readOptions, tempfail } from 'sluice/plugin';

const readers = { wait: duration('5m'), retry: duration('2d'), keep: duration('36d') };

export default plugin((context) => {
  const { wait, retry, keep } = readOptions(context.options, readers);
  const db = new DatabaseSync(join(context.folder, 'known.db'), { timeout: 1000 });
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS known (network, sender, recipient, first, passed, PRIMARY KEY (network, sender, recipient)) WITHOUT ROWID`);
  // In an update, first and passed are those of before.
  const hear =
    db.prepare(`INSERT INTO known VALUES (:network, :sender, :recipient, :now, 0) ON CONFLICT DO UPDATE SET
    passed = iif(first + :wait <= :now AND max(first + :retry, passed + :keep) >= :now, :now, passed),
    first = iif(max(first + :retry, passed + :keep) < :now, :now, first)
    RETURNING passed = :now AS isKnown`);
  const forget = db.prepare('DELETE FROM known WHERE max(first + :retry, passed + :keep) < :now');
  context.every(3_600_000, () => void forget.run({ retry, keep, now: context.now() }));

  return {
    rcpt({ client, transaction, recipient, isTrial }) {
      if (isTrial) return goOn; // `sluice policy try` must not count
      const network = networkAround(client.address);
      const sender = transaction.reversePath.toLowerCase();
      const to = recipient.address.toLowerCase();
      const row = hear.get({ network, sender, recipient: to, now: context.now(), wait, retry, keep });
      return row?.['isKnown'] === 1 ? goOn : tempfail('451 4.7.1', 'Greylisted: try again in some minutes');
    },
    end: () => db.close(),
  };
});
