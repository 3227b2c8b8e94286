/** What a builder keeps in mind from instruction to instruction: variables, the folder, the shell. */
import { goList } from './goSyntax.ts';
import type { Instruction } from './instruction.ts';
import { assignments, isBuilderArgument, type Dockerfile } from './parseDockerfile.ts';
import type { WrittenInstruction } from './readInstructions.ts';
import { anything, resolved, resolvedWords, type VariableValue } from './substitute.ts';

export class BuildState {
  readonly #dockerfile: Dockerfile;
  readonly #given: ReadonlyMap<string, string>;
  readonly #knowsBase: boolean;
  readonly #env = new Map<string, string>();
  #args = new Map<string, string | undefined>();
  /** Undefined while it is what the base image says, and that is not known. */
  #folder: string | undefined;
  #shell: readonly string[] | undefined;

  /**
   * @param given values of build arguments as the steps of an image tell them.
   * @param base the steps of the base image, oldest first; undefined where they are not known.
   */
  constructor(
    dockerfile: Dockerfile,
    given: ReadonlyMap<string, string>,
    base: readonly Pick<Instruction, 'keyword' | 'text'>[] | undefined,
  ) {
    this.#dockerfile = dockerfile;
    this.#given = given;
    this.#knowsBase = base !== undefined;
    if (base === undefined) return;
    this.#folder = '/';
    for (const { keyword, text } of base) {
      const operands = text.slice(keyword.length).trim();
      if (keyword === 'ENV') this.#learnEnv(operands);
      if (keyword === 'WORKDIR') this.#folder = inFolder(this.#folder, operands);
      if (keyword === 'SHELL') this.#shell = goList(operands);
    }
  }

  /** ARGs end with their stage; ENV, WORKDIR and SHELL go on into the stages that are FROM it. */
  enterStage(): void {
    this.#args = new Map();
  }

  get shell(): readonly string[] | undefined {
    return this.#shell ?? (this.#knowsBase ? ['/bin/sh', '-c'] : undefined);
  }

  get folder(): string | undefined {
    return this.#folder;
  }

  readonly lookup = (name: string): VariableValue => {
    const value = this.#env.get(name) ?? this.#args.get(name);
    if (value !== undefined) return value.includes(anything) ? { kind: 'unknown' } : { kind: 'set', value };
    // What the base image sets is set in every stage on it.
    if (this.#args.has(name)) return { kind: isBuilderArgument(name) ? 'unknown' : 'unset' };
    return { kind: this.#knowsBase ? 'unset' : 'unknown' };
  };

  resolved(text: string): string {
    return resolved(text, this.lookup, this.#dockerfile.escape);
  }

  words(text: string): readonly string[] {
    return resolvedWords(text, this.lookup, this.#dockerfile.escape);
  }

  /** The pairs of ENV and LABEL, `NAME value` of old files too. */
  pairs(operands: string): readonly (readonly [string, string])[] {
    const [name = ''] = operands.split(/\s/, 1);
    if (!name.includes('='))
      return [[this.resolved(name), this.resolved(operands.slice(name.length).trim())]];
    return assignments(this.words(operands)).map(([key, value]) => [key, value ?? '']);
  }

  /** Takes over what `instruction` changes. */
  apply({ keyword, operands }: WrittenInstruction): void {
    switch (keyword) {
      case 'ENV':
        // All of one ENV see what was set before it.
        for (const [name, value] of this.pairs(operands)) this.#env.set(name, value);
        break;
      case 'ARG':
        for (const [name, value] of assignments(this.words(operands)))
          this.#args.set(name, this.#given.get(name) ?? value ?? this.#dockerfile.globalArgs.get(name));
        break;
      case 'WORKDIR':
        this.#folder = inFolder(this.#folder, this.resolved(operands));
        break;
      case 'SHELL':
        this.#shell = goList(operands) ?? this.#shell;
        break;
    }
  }

  /** Names and values stand in a step without quotes: a value may go on with what looks like another name. */
  #learnEnv(operands: string): void {
    for (const pair of operands.split(/(?<!\s)\s+(?=[A-Za-z_]\w*=)/)) {
      const equals = pair.indexOf('=');
      if (equals > 0)
        this.#env.set(pair.slice(0, equals), pair.slice(equals + 1).replace(/^"([^"]*)"$/, '$1'));
    }
  }
}

/** As WORKDIR moves: `/a` and `b/../c` make `/a/c`. */
export function inFolder(folder: string | undefined, path: string): string | undefined {
  if (!path.startsWith('/') && folder === undefined) return undefined;
  const parts: string[] = [];
  for (const part of `${path.startsWith('/') ? '' : folder}/${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
