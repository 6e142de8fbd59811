// Gives mail of hosts and programs a sender that the world can answer: root@db1.internal becomes alerts@example.com.
//
//   [[stage]]
//   name = "sender-rewriting"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/sender-rewriting.ts"
//   [stage.options.senders]
//   "root@db1.internal" = "alerts@example.com"       # one address
//   "*.internal" = "noreply@example.com"             # every other one at a domain under internal
//
// Only for clients that may relay: what a stranger says stays as it is. The sender of the envelope is replaced, and From, when it has the same
// address. The former sender is in the field X-Original-Sender. Bounces have no sender, and stay without one.

import {
  changeField,
  changeSender,
  change,
  goOn,
  insertField,
  plugin,
  readOptions,
  table,
  text,
} from 'sluice/plugin';

export default plugin((context) => {
  const { senders } = readOptions(context.options, { senders: table(text()) });

  /** The most specific entry counts: the address, its domain, each domain above that. */
  function replacementOf(sender: string): string | undefined {
    const [domain = ''] = sender.split('@').slice(-1);
    const labels = domain.split('.');
    const above = labels.map((_, at) => `*.${labels.slice(at + 1).join('.')}`);
    return [sender, domain, ...above].map((key) => senders.get(key)).find((found) => found !== undefined);
  }

  return {
    headers({ client, transaction, header }) {
      const sender = transaction.reversePath;
      const replacement = client.mayRelay && sender !== '' ? replacementOf(sender.toLowerCase()) : undefined;
      if (replacement === undefined) return goOn;
      const [from, ...others] = header.fields.filter(({ name }) => name === 'from');
      // An address ends where a character comes that cannot be part of one: xroot@db1.internal is another.
      const exact = new RegExp(`(?<![\\w.+@-])${RegExp.escape(sender)}(?![\\w.@-])`, 'u');
      const isSame = from !== undefined && others.length === 0 && exact.test(from.value);
      return change(
        changeSender(replacement),
        insertField('X-Original-Sender', sender),
        ...(isSame
          ? [
              changeField(
                'From',
                from.value.trim().replace(exact, () => replacement),
              ),
            ]
          : []),
      );
    },
  };
});
