import type { DrydockError, FailureCode } from '../core/errors.ts';
import { visibleText } from '../core/fileTrees/visibleName.ts';
import type { RemotePlace } from '../core/registry/remoteName.ts';
import type { MessageWords, RemoteMessage } from './messageItem.ts';
import type { Wording } from './viewItem.ts';

/** Failures that another log-in cures. */
const needsLogIn: ReadonlySet<FailureCode> = new Set([
  'registryLogInMissing',
  'registryLogInRefused',
  'logInUnreadable',
]);
/** What registries answer that do not tell which repositories they have. */
const refusesList: ReadonlySet<FailureCode> = new Set(['registryDenied', 'registryRefused']);

/** The message that a failure below a place of a registry makes. */
export function remoteFailure(remote: RemotePlace, error: DrydockError): RemoteMessage {
  if (needsLogIn.has(error.code)) return { reason: 'remote', why: 'logIn', remote, error };
  if (remote.path === undefined && refusesList.has(error.code))
    return { reason: 'remote', why: 'unlisted', remote };
  return { reason: 'remote', why: 'failed', remote, error };
}

/** Each with the one thing to do about it. */
export function remoteMessageWords(message: RemoteMessage, { l10n }: Pick<Wording, 'l10n'>): MessageWords {
  const tryAgain = { id: 'drydock.refreshRegistries', title: l10n.t('Try Again'), onItem: true } as const;
  switch (message.why) {
    case 'logIn':
      return {
        label: errorText(message.error, { l10n }),
        hint: '',
        icon: 'lock',
        command: { id: 'drydock.logInRegistry', title: l10n.t('Log In'), onItem: true },
      };
    case 'unlisted':
      return {
        label: l10n.t('This registry lists no repositories'),
        hint: l10n.t('name one'),
        icon: 'info',
        command: { id: 'drydock.addRepository', title: l10n.t('Add Repository'), onItem: true },
      };
    case 'none':
      return message.remote.path === undefined
        ? {
            label: l10n.t('No repositories yet'),
            hint: l10n.t('name one'),
            icon: 'info',
            command: { id: 'drydock.addRepository', title: l10n.t('Add Repository'), onItem: true },
          }
        : { label: l10n.t('No tags'), hint: l10n.t('try again'), icon: 'info', command: tryAgain };
    case 'cancelled':
      return {
        label: l10n.t('Not listed'),
        hint: l10n.t('cancelled'),
        icon: 'circle-slash',
        command: tryAgain,
      };
    case 'failed':
      return {
        label: errorText(message.error, { l10n }),
        hint: '',
        icon: 'error',
        command: tryAgain,
      };
  }
}

/** A registry's own words may be in it. */
function errorText({ template, details }: DrydockError, { l10n }: Pick<Wording, 'l10n'>): string {
  return visibleText(l10n.t(template, { ...details }));
}
