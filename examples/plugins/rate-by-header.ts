// Takes only so many messages an hour with the same value of a header field, such as those of one campaign.
//
//   [[stage]]
//   name = "rate-by-header"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/rate-by-header.ts"
//   audience = "users"
//   [stage.options]
//   field = "List-Id"
//   rate = "1000/hour"
//
// The message after the last one is refused for now (451), and its program tries again. All receivers count together, and a restart forgets
// nothing. The time begins with the first message of a value. For limits by user or tenant, see [[sending_limit]], which needs no plugin.

import { goOn, plugin, rate, readOptions, tempfail, text } from 'sluice/plugin';

export default plugin((context) => {
  const options = readOptions(context.options, { field: text('List-Id'), rate: rate() });
  const { count, perMs } = options.rate;
  const name = options.field.toLowerCase();

  return {
    headers({ header, isTrial }) {
      const field = header.fields.find((each) => each.name === name);
      if (field === undefined || isTrial) return goOn;
      const value = field.value.replaceAll(/\s+/gu, ' ').trim().slice(0, 200);
      const isOver = context.state.add(value, 1, perMs) > count;
      return isOver
        ? tempfail('451 4.7.1', `Too many messages with this ${options.field}, try again later`)
        : goOn;
    },
  };
});
