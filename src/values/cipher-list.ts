// Lists of ciphers for OpenSSL, and what Node needs beside them.

/** RFC 8446 B.4. Node uses no TLS 1.3 with a list of ciphers that names none of these. */
const suitesOfTls13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** The list with the ciphers of TLS 1.3 where it names none. @param list - names and words, with ":" between them */
export function withTls13(list: string): string {
  return /(?:^|:)TLS_/.test(list) ? list : `${suitesOfTls13}:${list}`;
}
