import type { Instruction } from './instruction.ts';

/**
 * The steps of an image as one Dockerfile, to be read and worked on. What builders do not leave behind can't be in it:
 * the base image's name, the copied files, stages. Steps without a keyword are comments, so that nothing is hidden.
 *
 * @param name the image, for the comment at the top.
 * @param steps oldest first.
 */
export function dockerfileOf(name: string, steps: readonly Pick<Instruction, 'keyword' | 'text'>[]): string {
  const [first] = steps;
  const lines = [
    `# Read back from the history of ${oneLine(name)}.`,
    '# Files named by a hash are in the image only, and a base image is written out step by step.',
    ...(first?.keyword === 'FROM' ? [] : ['FROM scratch']),
    ...steps.map((step) => (step.keyword === '' ? commented(step.text) : step.text)),
  ];
  return `${lines.join('\n')}\n`;
}

function commented(text: string): string {
  if (text === '') return '# (a layer of which the history says nothing)';
  return text
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : `# ${line}`))
    .join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
