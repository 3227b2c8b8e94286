import type { ItemChoice, ItemKind, RestoreChoices } from './restorePlan.ts';

/** What was chosen for one thing; `undefined` where nothing was. */
export function choiceFor(choices: RestoreChoices, what: ItemKind, name: string): ItemChoice | undefined {
  return choices.items?.find((item) => item.what === what && item.name === name);
}

/** What to do about a name that is taken: what was chosen for it, else for all that is taken. */
export function takenChoice(
  choices: RestoreChoices,
  what: ItemKind,
  name: string,
): ItemChoice['action'] | undefined {
  return choiceFor(choices, what, name)?.action ?? choices.taken;
}
