import { type Html, html } from '../../html.ts';
import { type Language, type MessageKey, translate } from '../../locale.ts';

/**
 * How a state looks: each tone has a shape of its own too, so that nobody has to tell colours apart. `open` has not begun,
 * `trial` is under way, `waiting` waits for somebody, `good`, `stopped`, `over`.
 */
export type Tone = 'open' | 'trial' | 'waiting' | 'good' | 'stopped' | 'over';

/** A state as a dot and a word. */
export function dot(tone: Tone, word: string): Html {
  return html`<span class="dot dot-${tone}">${word}</span>`;
}

/** What the life of an app knows; see the registry. */
export const appStates = ['draft', 'sandbox', 'review', 'live', 'suspended', 'retired'] as const;
export type AppState = (typeof appStates)[number];

const tones: Record<AppState, Tone> = {
  draft: 'open',
  sandbox: 'trial',
  review: 'waiting',
  live: 'good',
  suspended: 'stopped',
  retired: 'over',
};

const words: Record<AppState, MessageKey> = {
  draft: 'console.state-draft',
  sandbox: 'console.state-sandbox',
  review: 'console.state-review',
  live: 'console.state-live',
  suspended: 'console.state-suspended',
  retired: 'console.state-retired',
};

/** What an app's state is called. */
export function sayState(language: Language, state: AppState): string {
  return translate(language)(words[state]);
}

/** An app's state as a dot and a word. */
export function stateDot(language: Language, state: AppState): Html {
  return dot(tones[state], sayState(language, state));
}
