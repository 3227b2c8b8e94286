/** What a page shows while it has nothing else to show. */
import { button, element } from './element.ts';

/** That something is under way. */
export function busyView(text: string): HTMLElement {
  return element('div', { class: 'message', attributes: { role: 'status' } }, [
    element('div', { class: 'busy', attributes: { 'aria-hidden': 'true' } }),
    element('p', { text }),
  ]);
}

export interface MessageViewInput {
  /** What a screen reader makes of it; left out for what a person came for. */
  readonly role?: 'alert' | 'status';
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onAction: () => void;
}

/** A title, a sentence, and the one thing to do about it. */
export function messageView({ role, title, text, action, onAction }: MessageViewInput): HTMLElement {
  return element('div', { class: 'message', ...(role && { attributes: { role } }) }, [
    element('h1', { text: title }),
    element('p', { text }),
    button({ class: 'primary', text: action, onClick: onAction }),
  ]);
}
