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
/** No file is open in it. */
vscode.window = new Proxy(nothing, {
  get: (target, name) => (name === 'visibleTextEditors' ? [] : target[name]),
});

const loaded = new Set();
const load = Module._load;
Module._load = function (request, parent, ...rest) {
  if (request === 'vscode') return vscode;
  loaded.add(Module._resolveFilename(request, parent));
  return load.call(this, request, parent, ...rest);
};

const start = performance.now();
const extension = require(process.argv[2]);
const loadedAt = performance.now();
// What activate() only begins goes on until the event loop turns, and what it puts off, such as looking for the engine,
// is done in the turn after.
setImmediate(() => {
  const turnedAt = performance.now();
  const atActivation = [...loaded];
  setImmediate(() => {
    const connectedAt = performance.now();
    const report = {
      loadMs: loadedAt - start,
      activateMs: activatedAt - loadedAt,
      untilTurnMs: turnedAt - activatedAt,
      nextTurnMs: connectedAt - turnedAt,
      loaded: atActivation,
    };
    process.stdout.write(JSON.stringify(report), () => process.exit(0));
  });
});
extension.activate?.(nothing);
const activatedAt = performance.now();
