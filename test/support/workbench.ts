/** What a person does in VS Code's workbench, for test/e2e: items of the trees, menus, quick picks, toasts. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

export interface Workbench {
  treeItem(name: string | RegExp): Locator;
  toast(text: string | RegExp): Locator;
  /** Waits for a notification that says so. */
  told(text: string | RegExp): Promise<void>;
  readonly dialog: Locator;
  /** Opens a group of a tree if it is closed. */
  expand(name: RegExp): Promise<void>;
  /** Selects an item, which a click also opens, and leaves it closed. */
  select(item: Locator): Promise<void>;
  chooseFromMenu(item: Locator, label: RegExp): Promise<void>;
  /** Chooses an entry of the open quick pick. */
  pick(name: RegExp): Promise<void>;
  /** Types into the open input box, in place of what it proposes, and accepts. Waits for a prompt that says `prompt`. */
  answer(prompt: RegExp, text: string): Promise<void>;
  /** Accepts the path that a file dialog (a quick pick in the browser) proposes. */
  acceptProposedPath(): Promise<void>;
}

export function workbenchOf(page: Page): Workbench {
  const quickInput = page.locator('.quick-input-widget:visible');
  const treeItem = (name: string | RegExp): Locator =>
    page.locator('.part.sidebar').getByRole('treeitem', { name });
  return {
    treeItem,
    toast: (text) => page.locator('.notification-toast').filter({ hasText: text }),
    async told(text) {
      const item = page.locator('.notification-list-item').filter({ hasText: text }).first();
      // Of more than three notifications within 800 ms VS Code shows the rest behind the bell alone. People are not
      // that quick; tests are.
      await item.waitFor({ timeout: 5_000 }).catch(async () => {
        await page
          .locator('.part.statusbar')
          .getByRole('button', { name: /Notifications/ })
          .click();
      });
      await item.waitFor();
    },
    dialog: page.locator('.monaco-dialog-box'),
    async expand(name) {
      const item = treeItem(name).first();
      await item.waitFor();
      const opened = item.and(page.locator('[aria-expanded="true"]'));
      // A click on a row that is drawn again in that moment selects it only.
      await eventually(async () => {
        if (await opened.isVisible()) return true;
        await item.click();
        return opened.waitFor({ timeout: 2_000 }).then(
          () => true,
          () => false,
        );
      });
    },
    async select(item) {
      await item.click();
      if ((await item.getAttribute('aria-expanded')) === 'true') await page.keyboard.press('ArrowLeft');
    },
    /** Menus ignore the mouse for a moment after they open: clicks until the menu is gone. */
    async chooseFromMenu(item, label) {
      await item.click({ button: 'right' });
      const entry = page.locator('.context-view').getByRole('menuitem', { name: label });
      await entry.waitFor();
      await eventually(async () => {
        if (await entry.isVisible()) await entry.click({ timeout: 1_000 }).catch(() => undefined);
        return !(await entry.isVisible());
      });
    },
    async pick(name) {
      await quickInput.getByRole('option', { name }).first().click();
    },
    async answer(prompt, text) {
      await quickInput.getByText(prompt).first().waitFor();
      const input = quickInput.locator('input').first();
      await input.fill(text);
      await page.keyboard.press('Enter');
    },
    async acceptProposedPath() {
      const input = quickInput.locator('input').first();
      await eventually(async () => (await input.isVisible()) && (await input.inputValue()).includes('.tar'));
      await page.keyboard.press('Enter');
    },
  };
}

/** Looks again until it is so; playwright's own waits do the waiting in between. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, 'it did not come true within 20 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
