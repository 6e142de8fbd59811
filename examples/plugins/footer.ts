// Adds a footer to mail, such as the line that a company has to put below its letters.
//
//   [[stage]]
//   name = "footer"
//   kind = "plugin"
//   file = "/etc/sluice/plugins/footer.ts"
//   audience = "users"                        # mail of users who have logged in
//   [stage.options]
//   text = "Example Ltd, registered in England, no. 1234567"
//
// In plain text, the footer is put at the end. Every other message (HTML, attachments, text that is encoded) becomes the first part of a
// multipart/mixed message, with the footer as the last part. Left alone is mail that a change would break or that programs read: signed and
// encrypted mail (S/MIME, PGP, DKIM), reports, calendars, and what is malformed.

import { randomUUID } from 'node:crypto';
import {
  change,
  changeField,
  goOn,
  plugin,
  readOptions,
  removeField,
  replaceBody,
  text,
} from 'sluice/plugin';

const untouched =
  /^(?:multipart\/(?:signed|encrypted|report)|application\/|message\/|text\/calendar)|pkcs7|method=|smime-type/iu;

export default plugin((context) => {
  const footer = readOptions(context.options, { text: text() }).text.replaceAll(/\r?\n/gu, '\r\n');
  const isAscii = /^[\x20-\x7e\r\n]*$/u.test(footer);

  return {
    async content({ header, body }) {
      const fields = (name: string) =>
        header.fields.filter((field) => field.name === name).map(({ value }) => value.trim());
      const [type = 'text/plain', ...moreTypes] = fields('content-type');
      const [encoding, ...moreEncodings] = fields('content-transfer-encoding');
      const isOdd = header.strayLines !== '' || moreTypes.length > 0 || moreEncodings.length > 0;
      if (isOdd || untouched.test(type) || fields('dkim-signature').length > 0) return goOn;
      const content = Buffer.concat(await Array.fromAsync(body.read()));
      if (content.includes('-----BEGIN PGP ')) return goOn;

      const isPlain =
        /^text\/plain(?:\s*;\s*(?:charset="?(?:us-ascii|utf-8|iso-8859-\d+|windows-125\d)"?|format=flowed|delsp=no))*\s*;?\s*$/iu.test(
          type,
        );
      const isBare = encoding === undefined || /^[78]bit$/iu.test(encoding);
      if (isPlain && isBare && isAscii)
        return change(
          replaceBody(Buffer.from(`${content.toString('latin1')}\r\n-- \r\n${footer}\r\n`, 'latin1')),
        );

      const boundary = randomUUID();
      const part = (lines: readonly string[], bytes: Buffer) => [
        Buffer.from(['', `--${boundary}`, ...lines, '', ''].join('\r\n')),
        bytes,
      ];
      const first = part(
        [
          `Content-Type: ${type}`,
          ...(encoding === undefined ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
        ],
        content,
      );
      const last = part(
        [
          'Content-Type: text/plain; charset=utf-8',
          'Content-Transfer-Encoding: base64',
          'Content-Disposition: inline',
        ],
        Buffer.from(encoded(footer)),
      );
      return change(
        changeField('MIME-Version', '1.0'),
        changeField('Content-Type', `multipart/mixed; boundary="${boundary}"`),
        ...(isBare ? [] : [removeField('Content-Transfer-Encoding')]),
        replaceBody(Buffer.concat([...first, ...last, Buffer.from(`\r\n--${boundary}--\r\n`)])),
      );
    },
  };
});

function encoded(text: string): string {
  return Buffer.from(`${text}\r\n`).toString('base64').replaceAll(/.{76}/gu, '$&\r\n');
}
