import { contextValues, type CommandId } from '../contributions.ts';
import type { Digest } from '../core/digest.ts';
import type { DrydockError, FailureCode } from '../core/errors.ts';
import type { ListKind } from '../core/inspect/concernedLists.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { MessageNode } from './node.ts';
import { remoteMessageWords } from './remoteMessage.ts';
import {
  described,
  spoken,
  type ItemDetails,
  type ItemFace,
  type ViewItem,
  type Wording,
} from './viewItem.ts';

/** What there is to say instead of a list. */
export type Message =
  | { readonly reason: 'loading' }
  | { readonly reason: 'empty'; readonly list: ListKind }
  | { readonly reason: 'filtered'; readonly by: 'text'; readonly text: string }
  | { readonly reason: 'filtered'; readonly by: 'setting' }
  | { readonly reason: 'noSnapshots' }
  | { readonly reason: 'unread'; readonly imageId: Digest }
  | { readonly reason: 'noFiles'; readonly why: 'empty' | 'unknown' | 'nothing' }
  | { readonly reason: 'notListed' }
  | { readonly reason: 'unchanged' }
  | RemoteMessage
  | { readonly reason: 'vaultNotThere' }
  | { readonly reason: 'vaultFailed'; readonly error: DrydockError; readonly retryInMs?: number }
  | {
      readonly reason: 'unreachable' | 'denied' | 'tooOld' | 'failed';
      readonly error: DrydockError;
      readonly retryInMs?: number;
    };

/** What there is to say below a registry, a repository or a tag. */
export type RemoteMessage = {
  readonly reason: 'remote';
  readonly remote: RemotePlace;
} & (
  | { readonly why: 'logIn' | 'failed'; readonly error: DrydockError }
  /** `unlisted`: it does not tell which repositories it has. */
  | { readonly why: 'unlisted' | 'cancelled' | 'none' }
);

export interface MessageWords {
  readonly label: string;
  /** The next step. */
  readonly hint: string;
  readonly icon: string;
  readonly command?: { readonly id: CommandId; readonly title: string; readonly onItem?: boolean };
}

/** The message that a failure of the engine makes. */
export function failureMessage(error: DrydockError, retryInMs?: number): Message {
  const more = retryInMs === undefined ? { error } : { error, retryInMs };
  switch (error.code) {
    case 'engineUnreachable':
    case 'engineTimeout':
    // What breaks off here are the engine's events: it went away.
    case 'streamCut':
    case 'engineAnswerCut':
      return { reason: 'unreachable', ...more };
    case 'engineDenied':
      return { reason: 'denied', ...more };
    case 'engineTooOld':
      return { reason: 'tooOld', ...more };
    default:
      return { reason: 'failed', ...more };
  }
}

/** Failures that trying again can't cure: the address has to change. */
const needsOtherEngine: ReadonlySet<FailureCode> = new Set([
  'contextUnknown',
  'contextBroken',
  'endpointUnsupported',
  'engineUntrusted',
]);

/** A line that says what is going on, or what is wrong, and does the next step when it is chosen. */
export class MessageItem implements MessageNode, ViewItem {
  readonly kind = 'message';
  readonly key: string;
  #message: Message;

  constructor(key: string, message: Message) {
    this.key = key;
    this.#message = message;
  }

  get reason(): MessageNode['reason'] {
    return this.#message.reason;
  }

  get imageId(): Digest | undefined {
    return this.#message.reason === 'unread' ? this.#message.imageId : undefined;
  }

  get remote(): RemotePlace | undefined {
    return this.#message.reason === 'remote' ? this.#message.remote : undefined;
  }

  /** Whether what it says differs. */
  update(message: Message): boolean {
    const isSame = identity(message) === identity(this.#message);
    this.#message = message;
    return !isSame;
  }

  face(wording: Wording): ItemFace {
    const { label, hint, icon, command } = this.#words(wording);
    return {
      label,
      ...described([hint]),
      icon: { codicon: icon },
      contextValue: contextValues.message,
      expansion: 'leaf',
      spoken: spoken(label, hint),
      ...(command === undefined ? {} : { command }),
    };
  }

  details(wording: Wording): ItemDetails | undefined {
    const { l10n } = wording;
    const { label, hint } = this.#words(wording);
    const message = this.#message;
    if (!('error' in message)) return hint === '' ? undefined : { title: label, rows: [['', hint]] };
    const isRetried = 'retryInMs' in message;
    return {
      title: label,
      rows: [
        ['', errorText(message.error, wording)],
        ['', isRetried ? l10n.t('Drydock keeps trying by itself.') : ''],
      ],
    };
  }

  #words(wording: Wording): MessageWords {
    const { l10n } = wording;
    const refresh = { id: 'drydock.refresh', title: l10n.t('Try Again') } as const;
    const chooseEngine = { id: 'drydock.chooseEngine', title: l10n.t('Choose Engine') } as const;
    const message = this.#message;
    switch (message.reason) {
      case 'loading':
        return { label: l10n.t('Loading…'), hint: '', icon: 'loading~spin' };
      case 'empty':
        return emptyWords(message.list, wording);
      case 'filtered':
        if (message.by === 'setting')
          return {
            label: l10n.t('Only images without a tag'),
            hint: l10n.t('hidden by a setting'),
            icon: 'filter',
            command: { id: 'drydock.openSettings', title: l10n.t('Open Settings') },
          };
        return {
          label: l10n.t('Nothing matches “{text}”', { text: message.text }),
          hint: l10n.t('clear the filter'),
          icon: 'filter',
          command: { id: 'drydock.clearFilter', title: l10n.t('Clear Filter') },
        };
      case 'unreachable':
        return {
          label: l10n.t('No engine answers'),
          hint: l10n.t('try again once it runs'),
          icon: 'debug-disconnect',
          command: refresh,
        };
      case 'denied':
        return {
          label: l10n.t('The engine denies access'),
          hint: l10n.t('choose another, or add your user to its group'),
          icon: 'lock',
          command: chooseEngine,
        };
      case 'tooOld':
        return {
          label: l10n.t('The engine is too old'),
          hint: l10n.t('update it, or choose another'),
          icon: 'warning',
          command: chooseEngine,
        };
      case 'noSnapshots':
        return {
          label: l10n.t('No snapshots yet'),
          hint: l10n.t('back something up'),
          icon: 'info',
          command: { id: 'drydock.backUp', title: l10n.t('Back Up') },
        };
      case 'unread':
        return {
          label: l10n.t('The image was not read'),
          hint: l10n.t('try again'),
          icon: 'debug-restart',
          command: { id: 'drydock.readAgain', title: l10n.t('Try Again'), onItem: true },
        };
      case 'noFiles':
        return { label: noFilesWords(message.why, wording), hint: '', icon: 'info' };
      case 'notListed':
        return {
          label: l10n.t('Not listed'),
          hint: l10n.t('cancelled'),
          icon: 'circle-slash',
          command: refresh,
        };
      case 'unchanged':
        return { label: l10n.t('Nothing is changed'), hint: '', icon: 'info' };
      case 'remote':
        return remoteMessageWords(message, wording);
      case 'vaultNotThere':
        return {
          label: l10n.t('Nothing there yet'),
          hint: l10n.t('copy a snapshot to it; if one is there, check the name and the log-in'),
          icon: 'info',
          command: { id: 'drydock.refreshBackups', title: l10n.t('Try Again') },
        };
      case 'vaultFailed':
        return {
          label: errorText(message.error, wording),
          hint: '',
          icon: 'error',
          command: { id: 'drydock.refreshBackups', title: l10n.t('Try Again') },
        };
      case 'failed':
        return {
          label: errorText(message.error, wording),
          hint: '',
          icon: 'error',
          command: needsOtherEngine.has(message.error.code) ? chooseEngine : refresh,
        };
    }
  }
}

function emptyWords(list: ListKind, { l10n }: Wording): MessageWords {
  switch (list) {
    case 'images':
      return {
        label: l10n.t('No images yet'),
        hint: l10n.t('load an archive'),
        icon: 'info',
        command: { id: 'drydock.loadArchive', title: l10n.t('Load Archive') },
      };
    case 'containers':
      return {
        label: l10n.t('No containers yet'),
        hint: l10n.t('they appear here once created'),
        icon: 'info',
      };
    case 'volumes':
      return {
        label: l10n.t('No volumes yet'),
        hint: l10n.t('they appear here once created'),
        icon: 'info',
      };
  }
}

function noFilesWords(why: 'empty' | 'unknown' | 'nothing', { l10n }: Wording): string {
  switch (why) {
    case 'empty':
      return l10n.t('This step made no layer of files');
    case 'unknown':
      return l10n.t('It can’t be told which layer this step made');
    case 'nothing':
      return l10n.t('No files');
  }
}

function errorText(error: DrydockError, { l10n }: Wording): string {
  return l10n.t(error.template, { ...error.details });
}

function identity(message: Message): string {
  if (!('error' in message)) return JSON.stringify(message);
  const isRetried = 'retryInMs' in message;
  return JSON.stringify([message.reason, message.error.message, isRetried]);
}
