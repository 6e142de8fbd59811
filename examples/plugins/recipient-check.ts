// Asks an HTTP service whether a recipient exists, before its mail is accepted.
//
//   [[stage]]
//   name = "recipient-check"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/recipient-check.ts"
//   time_limit = "10s"
//   [stage.options]
//   url = "http://127.0.0.1:8080/mailbox"     # asked for http://127.0.0.1:8080/mailbox?address=joe%40example.com
//   domains = ["example.com"]                 # recipients of other domains are not asked about
//   cache = "1m"
//
// The answer 200 or 204: the recipient exists. 404: it does not (550 5.1.1). Anything else, or none: nobody knows now, and the client comes
// again (451).

import { duration, goOn, list, plugin, readOptions, reject, text } from 'sluice/plugin';

const readers = { url: text(), domains: list(), cache: duration('1m') };

export default plugin((context) => {
  const { url, domains, cache } = readOptions(context.options, readers);

  async function exists(address: string): Promise<boolean> {
    const kept = context.state.get(address);
    if (kept !== undefined) return kept === 'yes';
    const question = new URL(url);
    question.searchParams.set('address', address);
    const { status } = await context.fetch(question.href);
    // What a plugin throws becomes 451, and a trouble in `sluice status`.
    if (![200, 204, 404].includes(status)) throw new Error(`${question.host} answered ${status}`);
    context.state.set(address, status === 404 ? 'no' : 'yes', cache);
    return status !== 404;
  }

  return {
    async rcpt({ recipient }) {
      const address = recipient.address.toLowerCase();
      if (!domains.includes(address.slice(address.lastIndexOf('@') + 1))) return goOn;
      return (await exists(address)) ? goOn : reject('550 5.1.1', 'No such mailbox here');
    },
  };
});
