import * as vscode from 'vscode';

/** The open tabs of all groups that match. */
export function tabsWhere(matches: (tab: vscode.Tab) => boolean): readonly vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).filter(matches);
}

/** Resolves when `check` holds of the tabs, which the host is told of a moment after one was opened or closed. */
export async function untilTabs(check: () => boolean): Promise<void> {
  if (check()) return;
  await new Promise<void>((resolve) => {
    const listening = vscode.window.tabGroups.onDidChangeTabs(() => {
      if (!check()) return;
      listening.dispose();
      resolve();
    });
  });
}
