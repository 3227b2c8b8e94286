import * as z from 'zod';
import { jsonList } from '../dockerfile/goSyntax.ts';
import type { ImageConfig } from '../oci/manifest.ts';
import { variableOf } from '../secretEnv.ts';
import type { Strictness } from './diffReport.ts';
import { maskedText, maskedValue } from './maskedText.ts';

const texts = z.array(z.string()).nullish().catch(null);
const keys = z.record(z.string(), z.unknown()).nullish().catch(null);
const text = z.string().nullish().catch(null);
const nanoseconds = z.number().nonnegative().nullish().catch(null);

/** The part of an image's config that says how it runs. Source: image-spec v1.1 config.md, and Docker's own fields. */
const runConfig = z.looseObject({
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Shell: texts,
  OnBuild: texts,
  ExposedPorts: keys,
  Volumes: keys,
  Labels: z.record(z.string(), z.string()).nullish().catch(null),
  User: text,
  WorkingDir: text,
  StopSignal: text,
  Healthcheck: z
    .looseObject({
      Test: texts,
      Interval: nanoseconds,
      Timeout: nanoseconds,
      StartPeriod: nanoseconds,
      StartInterval: nanoseconds,
      Retries: z.number().nullish().catch(null),
    })
    .nullish()
    .catch(null),
});
type RunConfig = z.output<typeof runConfig>;

/** What the classic builder copied from the containers that it built with. */
const buildOnly = new Set([
  'Hostname',
  'Domainname',
  'Image',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
]);

const ranks = [
  'Platform',
  'Entrypoint',
  'Cmd',
  'Env',
  'User',
  'WorkingDir',
  'ExposedPorts',
  'Volumes',
  'Healthcheck',
  'StopSignal',
  'Shell',
  'OnBuild',
  'Labels',
];

/** One setting; `value` is compared, `shown` may be seen. */
export interface Setting {
  readonly value: string;
  readonly shown: () => string;
  /** Its place among all that could be set; variables share one. */
  readonly rank: number;
}

/**
 * Everything that an image's config sets, by the setting's name; ranks give the order in which people look for it. What
 * is empty is not set. Values that look like secrets are masked where they are shown.
 */
export function imageSettings(config: ImageConfig, strictness: Strictness): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  const add = (
    name: string,
    value: string | null | undefined,
    shown = () => maskedText(value ?? ''),
  ): void => {
    if (value !== undefined && value !== null && value !== '')
      settings.set(name, { value, shown, rank: rankOf(name) });
  };
  const stated = fieldsOf(config['config']);
  const run = runConfig.catch({}).parse(stated);
  add('Platform', platformOf(config));
  add('Entrypoint', listText(run.Entrypoint));
  add('Cmd', listText(run.Cmd));
  for (const entry of run.Env ?? []) {
    const [name, value] = variableOf(entry);
    // An empty value is set nevertheless.
    add(`Env ${name}`, value === '' ? '""' : value, () => (value === '' ? '""' : maskedValue(name, value)));
  }
  add('User', run.User);
  add('WorkingDir', run.WorkingDir);
  for (const port of Object.keys(run.ExposedPorts ? fieldsOf(stated['ExposedPorts']) : {}))
    add(`ExposedPorts ${port}`, port);
  for (const path of Object.keys(run.Volumes ? fieldsOf(stated['Volumes']) : {}))
    add(`Volumes ${path}`, path);
  add('Healthcheck', healthcheckText(run.Healthcheck));
  add('StopSignal', run.StopSignal);
  add('Shell', listText(run.Shell));
  add('OnBuild', (run.OnBuild ?? []).join('\n'));
  for (const [name, value] of Object.entries(run.Labels ? fieldsOf(stated['Labels']) : {}))
    if (typeof value === 'string')
      add(`Labels ${name}`, value === '' ? '""' : value, () =>
        value === '' ? '""' : maskedValue(name, value),
      );
  for (const [name, value] of Object.entries(stated)) {
    const isKnown = Object.hasOwn(runConfig.shape, name);
    // What is of a wrong kind is compared as it stands: one that a specification names, too.
    const isOther = isKnown ? (run[name] ?? null) === null : strictness === 'strict' || !buildOnly.has(name);
    if (isOther) add(isKnown || !isPlain(name) ? `config ${name}` : name, otherText(value));
  }
  add('Author', config.author);
  if (strictness === 'strict') add('Created', config.created);
  return settings;
}

/** Whether a field of no specification is called like none of the settings here; those have a blank, or are these. */
function isPlain(name: string): boolean {
  return /^\w+$/.test(name) && !['Platform', 'Author', 'Created'].includes(name);
}

/** Not out of a parser: those leave out a field called `__proto__`. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** What has no rank comes last. */
function rankOf(name: string): number {
  const [group = ''] = name.split(' ', 1);
  return ranks.includes(group) ? ranks.indexOf(group) : ranks.length;
}

function listText(list: readonly string[] | null | undefined): string {
  return list && list.length > 0 ? jsonList(list) : '';
}

function platformOf(config: ImageConfig): string {
  const version = config['os.version'];
  const parts = [config.os, config.architecture, config.variant ?? ''].filter((part) => part !== '');
  return [parts.join('/'), ...(typeof version === 'string' ? [version] : [])].join(' ').trim();
}

/** As a Dockerfile writes it. */
function healthcheckText(check: RunConfig['Healthcheck']): string {
  const [form, ...command] = check?.Test ?? [];
  const flags = [
    ['interval', check?.Interval],
    ['timeout', check?.Timeout],
    ['start-period', check?.StartPeriod],
    ['start-interval', check?.StartInterval],
  ] as const;
  const set = flags.flatMap(([name, duration]) =>
    duration ? [`--${name}=${Number((duration / 1e9).toFixed(3))}s`] : [],
  );
  const retries = check?.Retries ? [`--retries=${check.Retries}`] : [];
  if (form === undefined) return [...set, ...retries].join(' ');
  if (form === 'NONE') return 'NONE';
  return [...set, ...retries, 'CMD', form === 'CMD' ? jsonList(command) : command.join(' ')].join(' ');
}

/** A field that no specification names; what Go writes for nothing is nothing. */
function otherText(value: unknown): string {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return '';
  if (typeof value === 'string') return value;
  const json = JSON.stringify(value);
  return json === '[]' || json === '{}' ? '' : json;
}
