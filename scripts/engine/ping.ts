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

/** Name and version of the engine on that socket, e.g. "Docker 20.10.24". */
export async function askVersion(socketPath: string): Promise<string> {
  const text = await new Promise<string>((resolve, reject) => {
    const call = request({ socketPath, path: '/version', timeout: 10_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        resolve(body);
      });
    });
    call.once('timeout', () => call.destroy(new Error('The engine does not say its version.')));
    call.once('error', reject);
    call.end();
  });
  const { Components: parts, Version: version } = JSON.parse(text) as {
    Components?: readonly { readonly Name: string; readonly Version: string }[];
    Version: string;
  };
  const podman = parts?.find((part) => part.Name === 'Podman Engine');
  return podman === undefined ? `Docker ${version}` : `Podman ${podman.Version}`;
}
