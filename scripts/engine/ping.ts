import { request } from 'node:http';

/** True when an engine answers `GET /_ping` on that socket within two seconds. */
export function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => {
      resolve(false);
    });
    call.once('close', () => {
      resolve(false);
    });
    call.end();
  });
}
