// Tells an HTTP service what became of mail: each delivery, deferral and bounce, as JSON.
//
//   [[stage]]
//   name = "webhook"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/webhook.ts"
//   delivery = ["attempt"]
//   [stage.options]
//   url = "https://example.com/mail-events"
//   outcomes = ["delivered", "failed"]         # also: deferred, bounced
//   secret = "a long text"                     # signs each request: X-Signature is the HMAC-SHA-256 of the body, in hex
//
// One request each second has all events since the one before, up to 1,000. While the service does not answer 2xx, events wait, in memory and
// up to 10,000; later ones are dropped, and the log says how many. An event may come twice, and none comes after a restart: the log has them all.

import { createHmac } from 'node:crypto';
import { type AttemptFacts, list, plugin, readOptions, text } from 'sluice/plugin';

const readers = { url: text(), outcomes: list(['delivered', 'failed']), secret: text('') };

export default plugin((context) => {
  const { url, outcomes, secret } = readOptions(context.options, readers);
  const waiting: AttemptFacts[] = [];
  let dropped = 0;
  let isSending = false;

  context.every(1000, async () => {
    if (isSending || waiting.length === 0) return;
    isSending = true;
    try {
      const events = waiting.slice(0, 1000);
      const body = JSON.stringify(events);
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const headers = { 'content-type': 'application/json', 'x-signature': signature };
      const { status } = await context.fetch(url, { method: 'POST', body, headers });
      if (status >= 200 && status <= 299) waiting.splice(0, events.length);
      else context.log(`${url} answered ${status}; ${waiting.length} events wait`);
    } catch (error) {
      context.log(`${url}: ${String(error)}; ${waiting.length} events wait`);
    } finally {
      isSending = false;
    }
    if (dropped > 0) context.log(`${dropped} events were dropped`);
    dropped = 0;
  });

  return {
    attempt(facts) {
      if (!outcomes.includes(facts.outcome)) return;
      if (waiting.length < 10_000) waiting.push(facts);
      else dropped++;
    },
  };
});
