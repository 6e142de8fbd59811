// Asks DNS lists about the client, and adds up what they weigh: one list alone need not refuse mail.
//
//   [[stage]]
//   name = "dns-lists"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/dns-lists.ts"
//   audience = "strangers"
//   on_failure = "continue"
//   [stage.options]
//   refuse = 10                                  # from this sum on: 554 5.7.1
//   hold = 5                                     # from this sum on: quarantine
//   [stage.options.lists]
//   "zen.spamhaus.org" = 10
//   "bl.spamcop.net" = 5
//   "list.dnswl.org" = -8                        # a list of good clients
//
// A list that does not answer weighs nothing. Neither does 127.255.255.x: by that, lists say that they do not answer this resolver. Look up what
// the lists that you name want of you: most are free for small servers alone, and refuse resolvers that many share.

import {
  change,
  count,
  goOn,
  insertField,
  listedName,
  number,
  plugin,
  quarantine,
  readOptions,
  reject,
  table,
} from 'sluice/plugin';

export default plugin((context) => {
  const { lists, refuse, hold } = readOptions(context.options, {
    lists: table(number()),
    refuse: count(10),
    hold: count(5),
  });

  async function has(list: string, client: string): Promise<boolean> {
    const answers = await context.dns.a(listedName(client, list)).catch((error: Error) => {
      context.log(`${list}: ${error.message}`);
      return [];
    });
    return answers.some((address) => address.startsWith('127.') && !address.startsWith('127.255.255.'));
  }

  return {
    async mail({ client }) {
      const answers = await Promise.all(
        [...lists].map(async ([list, weight]) => ({ list, weight, isOn: await has(list, client.address) })),
      );
      const on = answers.filter(({ isOn }) => isOn);
      const sum = on.reduce((all, { weight }) => all + weight, 0);
      const names = on.map(({ list }) => list).join(', ');
      if (sum >= refuse) return reject('554 5.7.1', `${client.address} is on ${names}`);
      const note = insertField('X-DNS-Lists', `${sum} (${names})`);
      if (sum >= hold) return quarantine(`DNS lists: ${names}`, note);
      return on.length === 0 ? goOn : change(note);
    },
  };
});
