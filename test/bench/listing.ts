/** Listing 1,000 images and 500 containers against the bare requests, and what it does to the event loop. */
import { request } from 'node:http';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { tarEnd, tarFile } from '../../src/core/archive/tarWriter.ts';
import type { Engine } from '../../src/core/engine/engine.ts';
import { Inventory } from '../../src/core/inspect/inventory.ts';
import { systemTimers } from '../../src/core/inspect/timers.ts';
import { connect } from '../../src/docker/connect.ts';
import { parseAddress } from '../../src/docker/parseAddress.ts';
import type { BenchRow } from './report.ts';

const imageCount = 1_000;
const containerCount = 500;
const runs = 5;

export async function benchListing(host: string, socketPath: string): Promise<readonly BenchRow[]> {
  const endpoint = parseAddress(host);
  if (endpoint === undefined) throw new Error(`${host} is no address`);
  const filler = connect(endpoint);
  await fill(filler, socketPath);
  await filler.close();

  const theirs = await best(() =>
    Promise.all(
      ['/images/json', '/containers/json?all=1', '/volumes'].map((path) => call(socketPath, 'GET', path)),
    ),
  );
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const ours = await best(() => listAll(() => connect(endpoint)));
  delay.disable();
  return [
    {
      what: `list ${imageCount} images and ${containerCount} containers`,
      ours,
      peer: 'the same requests, answers thrown away',
      theirs,
      note: `${(ours.seconds * 1000).toFixed(0)} ms; longest stop of the event loop ${(delay.max / 1e6).toFixed(0)} ms`,
    },
  ];
}

/** From connecting to a full inventory, as the views have it. */
async function listAll(connectNow: () => Engine): Promise<void> {
  const engine = connectNow();
  const inventory = new Inventory({ timers: systemTimers });
  const full = new Promise<void>((resolve) => {
    inventory.onDidChange(() => {
      if (inventory.images.size >= imageCount && inventory.containers.size >= containerCount) resolve();
    });
  });
  inventory.use(engine);
  await full;
  inventory.dispose();
  await engine.close();
}

async function best(once: () => Promise<unknown>): Promise<{ readonly seconds: number }> {
  let seconds = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await once();
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  return { seconds };
}

async function fill(engine: Engine, socketPath: string): Promise<void> {
  async function* rootfs(number: number): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(tarFile('number', String(number)));
    yield tarEnd;
  }
  const ids: string[] = [];
  for (let number = 0; number < imageCount; number += 1) {
    ids.push(
      await engine.images.importRootfs(rootfs(number), {
        name: `drydock-bench/list-${number % 100}:${number}`,
      }),
    );
  }
  for (let number = 0; number < containerCount; number += 1) {
    const body = {
      Image: ids[number],
      Cmd: ['x'],
      Labels: { 'com.docker.compose.project': `project-${number % 50}` },
    };
    await call(socketPath, 'POST', '/containers/create', JSON.stringify(body));
  }
}

function call(socketPath: string, method: string, path: string, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method, path, headers: body === undefined ? {} : { 'content-type': 'application/json' } },
      (response) => {
        response.once('end', () => {
          if ((response.statusCode ?? 500) < 400) resolve();
          else reject(new Error(`${method} ${path}: ${String(response.statusCode)}`));
        });
        response.resume();
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
