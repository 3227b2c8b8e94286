import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import type { DrydockApi } from '../../../src/extension.ts';

describe('activation', () => {
  it('gives its parts at once, before any engine has answered, and prints how long it took', async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.ok(extension !== undefined);
    assert.equal(extension.isActive, false, 'nothing but a view, a command or a page may activate it');
    const start = performance.now();
    const api = await extension.activate();
    const took = performance.now() - start;
    assert.equal(api.inventory.state.kind, 'connecting');
    appendFileSync(
      `${process.env['DRYDOCK_TEST_RESULTS'] ?? ''}.log`,
      `activated in ${took.toFixed(1)} ms, reading the bundle and asking the window included\n`,
    );
  });

  it('activates once, whoever asks', async () => {
    const extension = vscode.extensions.getExtension<DrydockApi>('drydock.drydock');
    assert.equal(await extension?.activate(), extension?.exports);
  });
});
