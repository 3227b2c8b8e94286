import assert from 'node:assert/strict';
import { circlesOf, importGraph } from '../support/importCircles.ts';

describe('imports', () => {
  it('go in no circle', async () => {
    const graph = await importGraph(['src/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts']);
    assert.ok(graph.get('src/extension.ts')?.includes('src/pages.ts'), 'nothing was read');
    assert.ok(graph.get('src/pages.ts')?.includes('src/openPages.ts'), 'what is loaded later was not read');
    assert.deepEqual(circlesOf(graph), []);
  });

  it('are found to go in a circle, however long, from wherever one comes to it', () => {
    const graph = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', ['e']],
      ['e', ['b', 'f']],
      ['f', ['f']],
    ]);
    assert.deepEqual(circlesOf(graph), [
      ['b', 'd', 'e', 'b'],
      ['f', 'f'],
    ]);
  });
});
