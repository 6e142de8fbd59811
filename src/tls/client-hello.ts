// The client hello of outgoing handshakes: groups that keep it small, and which failures it has nothing to do with.

/** Without X25519MLKEM768, whose share makes the client hello larger than one TCP segment: some firewalls drop it then. */
export const classicGroups = 'X25519:prime256v1:secp384r1:secp521r1';

const answers =
  /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|WRONG_VERSION|HANDSHAKE_FAILURE|INSUFFICIENT|UNRECOGNIZED_NAME|CERTIFICATE|BAD_CERT|KEY_TOO_SMALL|DH_/i;

/** Whether a server has answered to a client hello that it has read as a whole: a smaller one would change nothing. @param code - of Node's error */
export function helloWasRead(code: string): boolean {
  return answers.test(code);
}
