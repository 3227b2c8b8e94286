import { reasonOf } from '../core/errors.ts';

/** Names that OpenSSL gives to certificates that can't be relied on. */
const untrusted =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;

/** Why the other side is not who it should be; undefined for any other failure. */
export function untrustedReason(error: unknown): string | undefined {
  return untrusted.test(codeOf(error)) ? reasonOf(error) : undefined;
}

/** Whether the other side does not speak TLS at all. */
export function isWrongProtocol(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
