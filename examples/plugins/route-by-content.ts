// Sends mass mail another way than letters: by the header of a message, it chooses one of the routes.
//
//   [[route]]
//   name = "bulk"
//   domain = ["bulk.invalid"]              # matches no mail: it is only meant to be chosen
//   relay = ["bulk.example.com"]
//
//   [[stage]]
//   name = "route-by-content"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/route-by-content.ts"
//   audience = "users"
//   [stage.options]
//   route = "bulk"
//   recipients = 50                        # so many recipients make a message mass mail
//   fields = ["List-Unsubscribe", "List-Id", "Feedback-ID"]
//
// Mass mail has one of the fields, says Precedence: bulk (or list, or junk), or has many recipients. Everything else goes its usual way.

import { change, count, goOn, list, plugin, readOptions, setRoute, text } from 'sluice/plugin';

const readers = {
  route: text(),
  recipients: count(50),
  fields: list(['List-Unsubscribe', 'List-Id', 'Feedback-ID']),
};

export default plugin((context) => {
  const options = readOptions(context.options, readers);
  const names = new Set(options.fields.map((field) => field.toLowerCase()));

  return {
    headers({ header, transaction }) {
      const isMass =
        transaction.recipients.length >= options.recipients ||
        header.fields.some(
          ({ name, value }) =>
            names.has(name) || (name === 'precedence' && /^\s*(bulk|list|junk)\s*$/iu.test(value)),
        );
      return isMass ? change(setRoute(options.route)) : goOn;
    },
  };
});
