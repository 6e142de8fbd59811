// Warnings of TLS settings that a listener's port, or its other settings, do not go with.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

const smtpPort = 25;
/** RFC 8314 3.3: TLS from the first byte on. */
const submissionsPort = 465;

export function tlsWarnings(config: Config): ConfigWarning[] {
  return [...portWarnings(config), ...clientCertificateWarnings(config)];
}

/** Asking for a certificate is for listeners of clients that have one. */
function clientCertificateWarnings({ listen, login, receive }: Config): ConfigWarning[] {
  return listen.flatMap(({ address, receive: own }, index) => {
    const names = own.relayCertificates ?? receive.relayCertificates;
    const loginCa = own.loginCa ?? receive.loginCa;
    const isAsked = names.length > 0 || (own.relayCa ?? receive.relayCa) !== undefined;
    if ((!isAsked && loginCa === undefined) || address.kind !== 'tcp') return [];
    const warn = (message: string): ConfigWarning[] => [{ path: ['listen', index], message }];
    if ((own.tls ?? receive.tls) === 'none') {
      return warn('relay_certificates, relay_ca and login_ca have no effect on a listener without TLS');
    }
    if (own.loginCa !== undefined && (own.auth ?? receive.auth) === 'none')
      return warn('login_ca has no effect on a listener without log-ins: set auth = "required"');
    if (own.loginCa !== undefined && !login.mechanisms.includes('EXTERNAL'))
      return warn('login_ca has no effect, since mechanisms of [login] does not have EXTERNAL');
    if (address.port !== smtpPort) return [];
    return warn(
      'with relay_certificates, relay_ca or login_ca, all mail servers that come to port 25 are asked for a certificate, and a few of them then break the connection; set these keys for another [[listen]] only',
    );
  });
}

function portWarnings({ listen, receive }: Config): ConfigWarning[] {
  return listen.flatMap(({ address, receive: own }, index) => {
    if (address.kind !== 'tcp') return [];
    const message = mismatch(address.port, own.tls ?? receive.tls);
    return message === undefined ? [] : [{ path: ['listen', index, 'tls'], message }];
  });
}

function mismatch(port: number, tls: Config['receive']['tls']): string | undefined {
  if (port === submissionsPort && tls !== 'implicit') {
    return `clients of port 465 begin with TLS; set tls = "implicit" for this listener (RFC 8314)`;
  }
  if (port !== smtpPort) return undefined;
  if (tls === 'implicit')
    return 'other mail servers do not begin with TLS on port 25: none could send mail here';
  // RFC 3207 4: a server that everyone sends to must not require it.
  return tls === 'required'
    ? 'mail servers without TLS cannot send mail here; "offered" is what RFC 3207 asks of port 25'
    : undefined;
}
