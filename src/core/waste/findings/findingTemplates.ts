import { fillTemplate } from '../../errors.ts';
import type { Finding, FindingCode } from './finding.ts';

interface Template {
  readonly title: string;
  readonly fix: string;
}

/** What each finding says and how it is mended, in English with places; the extension translates these. */
const templates: Readonly<Record<FindingCode, Template>> = {
  packageCache: {
    title: 'Lists and packages of {tool} were left behind',
    fix: 'Empty the cache in the same RUN that fills it (`{command}`), or keep it out of the layer with `RUN --mount=type=cache,target={folder}`.',
  },
  deletedLater: {
    title: 'Files that layer {by} deletes are still carried along',
    fix: 'Delete them in the instruction that brings them, or bring them in an earlier build stage and copy only what is needed.',
  },
  copiedFiles: {
    title: 'Whole files were copied although their contents stayed the same',
    fix: 'A new mode or owner copies a file into the layer. Set it where the file is made: `COPY --chown=… --chmod=…`, or in the same RUN.',
  },
  repeatedChange: {
    title: 'The same files are brought again and again',
    fix: 'Join the instructions that change them, or put what changes them into a build stage of its own.',
  },
  logs: {
    title: 'Logs were left behind',
    fix: 'Delete them in the RUN that writes them, or let programs write to standard output.',
  },
  temporaryFiles: {
    title: 'Temporary files were left behind',
    fix: 'Delete them in the RUN that makes them, or use `RUN --mount=type=tmpfs,target=/tmp`.',
  },
  buildTools: {
    title: 'Tools for building are in the image: {tools}',
    fix: 'Build in an earlier stage and copy the result with `COPY --from`.',
  },
  secretFile: {
    title: 'A file looks like a secret ({kind})',
    fix: 'Take it out, build anew and replace the secret: whoever has the image has it. Use `RUN --mount=type=secret` for builds and a mount at run time; name it in `.dockerignore`.',
  },
  hiddenSecretFile: {
    title: 'A file that looks like a secret ({kind}) was deleted or replaced, and is still in its layer',
    fix: 'Deleting takes nothing out of the layer that brought it. Use `RUN --mount=type=secret`, build anew and replace the secret.',
  },
  secretContent: {
    title: 'Something in a file looks like a secret ({kind})',
    fix: 'Take it out, build anew and replace the secret: whoever has the image has it. Give it to the container when it runs.',
  },
  secretVariable: {
    title: 'The variable {name} seems to hold a secret',
    fix: 'Everyone who has the image can read it. Replace the secret, and give it to the container when it runs.',
  },
  secretHistory: {
    title: 'The history seems to hold a secret ({what})',
    fix: 'Build arguments and commands stay in the history. Replace the secret, and use `RUN --mount=type=secret`.',
  },
  setuidFiles: {
    title: 'Programs run with the rights of their owner (setuid, setgid)',
    fix: 'Take the bit away where it is not needed (`chmod a-s`), in the RUN that brings the program.',
  },
  rootUser: {
    title: 'The container runs as root',
    fix: 'Make a user and add `USER`, or choose one with `--user` when it runs.',
  },
  noHealthcheck: {
    title: 'There is no health check',
    fix: 'Add `HEALTHCHECK`, so that a service which hangs is noticed. Kubernetes uses probes of its own.',
  },
  remoteAdd: {
    title: 'ADD loads {url} at each build, whatever is there then',
    fix: 'State what is expected with `ADD --checksum=sha256:…`, or load, check and unpack it in one RUN.',
  },
  floatingTag: {
    title: '{image} names no version',
    fix: 'Name a version or a digest, so that the same sources give the same image.',
  },
};

export function findingTemplate({ code }: Pick<Finding, 'code'>): Template {
  return templates[code];
}

/** In English: what it is, and what to do. */
export function findingWords(finding: Pick<Finding, 'code' | 'args'>): Template {
  const { title, fix } = templates[finding.code];
  return { title: fillTemplate(title, finding.args), fix: fillTemplate(fix, finding.args) };
}

/** Every text of them, for the test that each one is translated. */
export function findingTexts(): readonly string[] {
  return Object.values(templates).flatMap(({ title, fix }) => [title, fix]);
}
