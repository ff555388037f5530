import { type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';

/** What an app lets nobody in without. */
export type Insistence = 'two-proofs' | 'passkey' | 'hardware';

const sentences: Record<Insistence, MessageKey> = {
  'two-proofs': 'insists.two-proofs',
  passkey: 'insists.passkey',
  hardware: 'insists.hardware',
};

/** Says that the app asks for it; nothing where it asks for nothing in particular. */
export function insistenceNote(frame: Frame, insists: Insistence | undefined): Html | false {
  if (!insists) return false;
  const t = translate(frame.language);
  return html`<p class="intro" id="insists">${t(sentences[insists], { service: frame.service?.name ?? t('insists.house') })}</p>`;
}
