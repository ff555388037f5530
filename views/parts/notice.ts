import { type Content, type Html, html } from '../html.ts';
import { check, information } from './icons.ts';

/** Something said above the form that is no problem: `done` after a success, `info` otherwise. */
export type Notice = { tone: 'done' | 'info'; text: string };

/** Says one thing in a box that a screen reader announces. */
export function noticeBox(notice: { tone: Notice['tone']; text: Content } | undefined): Html | false {
  if (!notice) return false;
  const icon = notice.tone === 'done' ? check : information;
  return html`<div class="notice notice-${notice.tone}" role="status">${icon}<div>${notice.text}</div></div>`;
}
