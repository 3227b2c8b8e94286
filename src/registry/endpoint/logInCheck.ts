import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Says whether a request names the log-in. How long it takes does not tell how much of it was right. */
export function logInCheck(username: string, password: string): (request: IncomingMessage) => boolean {
  const expected = hashed(`${username}:${password}`);
  return ({ headers: { authorization = '' } }) => {
    const given = /^basic ([\w+/=-]{1,1000})$/i.exec(authorization)?.[1] ?? '';
    return timingSafeEqual(hashed(Buffer.from(given, 'base64').toString()), expected);
  };
}

/** Of one length, as a comparison in constant time wants it. */
function hashed(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
