// Loads a bundle of the extension in a window that answers everything with nothing, and prints what that took.
const Module = require('node:module');
const { performance } = require('node:perf_hooks');

const nothing = new Proxy(function () {}, {
  get: (_target, name) => (name === Symbol.toPrimitive ? () => '' : name === 'then' ? undefined : nothing),
  apply: () => nothing,
  construct: () => nothing,
});
/** The bundle copies the names that it finds, so they have to be there. */
const names =
  'commands Disposable env EventEmitter l10n MarkdownString ProgressLocation ConfigurationTarget ThemeIcon TreeItem ' +
  'TreeItemCollapsibleState Uri languages ViewColumn window workspace';
const vscode = Object.fromEntries(names.split(' ').map((name) => [name, nothing]));

const loaded = [];
const load = Module._load;
Module._load = function (request, ...rest) {
  if (request === 'vscode') return vscode;
  loaded.push(request);
  return load.call(this, request, ...rest);
};

const start = performance.now();
const extension = require(process.argv[2]);
const loadedAt = performance.now();
extension.activate?.(nothing);
const activatedAt = performance.now();
const atActivation = [...loaded];
// What was only begun, such as looking for the engine, goes on until the event loop turns.
setImmediate(() => {
  const turnedAt = performance.now();
  const report = {
    loadMs: loadedAt - start,
    activateMs: activatedAt - loadedAt,
    untilTurnMs: turnedAt - activatedAt,
    loaded: atActivation,
  };
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
});
