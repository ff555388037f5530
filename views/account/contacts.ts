import { type Content, type Html, html } from '../html.ts';
import { formatDay, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, field, form, hidden, tickBox } from '../parts/form.ts';
import { masked } from '../parts/masked.ts';
import type { Notice } from '../parts/notice.ts';
import { sayPhone } from '../parts/phone.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { personalPage } from './shell.ts';

type Kind = 'on-trial';

export type ContactsProblem = Problem<Kind>;

export type ShownContact = {
  kind: 'email' | 'phone';
  value: string;
  /** Whether messages to it still reach its owner as far as we know; `stale` is a number not confirmed for 90 days. */
  state: 'confirmed' | 'stale' | 'unconfirmed';
  confirmedAt?: Date | undefined;
  /** Whether one signs in with it. */
  isIdentifier: boolean;
  /** Whether it is the one of its kind that apps are given. */
  isGivenOut: boolean;
  /** Whether another account has it too. */
  isShared: boolean;
};

/**
 * Every form posts to the page itself with `csrf` and `action`: `add` (with `address` as typed, and `signs-in` = `yes` to
 * sign in with it too); and with the `contact` of its row `confirm`, `use-to-sign-in`, `stop-signing-in`, `give-out`,
 * `remove`.
 */
export type ContactsContext = Frame & {
  contacts: readonly ShownContact[];
  /** What was typed and refused. */
  typed?: string | undefined;
  notice?: Notice | undefined;
  problems?: readonly ContactsProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = { 'on-trial': { key: 'contacts.on-trial' } };

/** Where messages go, what one signs in with, and which address apps are given. */
export function contactsPage(context: ContactsContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const rows = context.contacts.map((contact, index) => contactRow(context, contact, `contact-${index}`));
  return personalPage(context, {
    title: t('contacts.title'),
    section: 'contacts',
    intro: t('contacts.intro'),
    isNarrow: true,
    notice: context.notice,
    problems: said,
    content: html`<ul class="rows" id="contacts">${rows}</ul>
<h2>${t('contacts.add-title')}</h2>
${addForm(context, said)}`,
  });
}

const kinds: Record<ShownContact['kind'], MessageKey> = { email: 'account.email', phone: 'account.phone' };

function contactRow(context: ContactsContext, contact: ShownContact, id: string): Html {
  const t = translate(context.language);
  return html`<li class="row" data-contact="${contact.value}">
<div class="row-words"><h3 id="${id}">${t(kinds[contact.kind])}</h3>
<p id="${id}-address" class="address">${masked(context, contact.kind === 'phone' ? sayPhone(contact.value) : contact.value)}</p>
${usesOf(contact).map((use) => html`<p class="state">${t(use)}</p>`)}
${contact.isShared && html`<p class="hint">${t('contacts.shared')}</p>`}
<p class="hint">${sayState(context, contact)}</p></div>
<div class="row-choices">${form(context, [hidden('contact', contact.value), choices(context, contact, `${id} ${id}-address`)])}</div></li>`;
}

function usesOf({ isIdentifier, isGivenOut }: ShownContact): MessageKey[] {
  return [
    ...(isIdentifier ? ['contacts.signs-in' as const] : []),
    ...(isGivenOut ? ['contacts.given-out' as const] : []),
  ];
}

function sayState({ language, timeZone }: ContactsContext, { state, confirmedAt }: ShownContact): string {
  const t = translate(language);
  if (state === 'confirmed' && confirmedAt)
    return t('contacts.confirmed', { date: formatDay(language, confirmedAt, timeZone) });
  return t(state === 'stale' ? 'contacts.stale' : 'contacts.unconfirmed');
}

function choices({ language }: ContactsContext, contact: ShownContact, describedBy: string): Content {
  const t = translate(language);
  const isConfirmed = contact.state === 'confirmed';
  const other = (value: string, label: MessageKey) => button({ value, label: t(label), look: 'other', describedBy });
  return [
    !isConfirmed && button({ value: 'confirm', label: t('contacts.confirm'), look: 'main', describedBy }),
    isConfirmed && !contact.isIdentifier && other('use-to-sign-in', 'contacts.use-to-sign-in'),
    contact.isIdentifier && other('stop-signing-in', 'contacts.stop-signing-in'),
    isConfirmed && !contact.isGivenOut && other('give-out', 'contacts.give-out'),
    button({ value: 'remove', label: t('contacts.remove'), look: 'stop', describedBy }),
  ];
}

/** Whether one of them has to be confirmed, which comes before adding another. */
function waits({ contacts }: ContactsContext): boolean {
  return contacts.some(({ state }) => state !== 'confirmed');
}

function addForm(context: ContactsContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  return form(context, [
    field({
      name: 'address',
      label: t('sign-up.identifier'),
      value: context.typed,
      hint: t('contacts.add-hint'),
      autocomplete: 'off',
      maxlength: 254,
      plain: true,
      problems,
    }),
    tickBox({ id: 'signs-in', name: 'signs-in', value: 'yes', label: t('contacts.sign-in-too') }),
    button({ id: 'add', value: 'add', label: t('contacts.add'), look: waits(context) ? 'other' : 'main' }),
  ]);
}

const full: ContactsContext = {
  ...sampleFrame,
  contacts: [
    {
      kind: 'email',
      value: 'siti@contoh.id',
      state: 'confirmed',
      confirmedAt: new Date('2026-09-03T02:00:00Z'),
      isIdentifier: true,
      isGivenOut: true,
      isShared: false,
    },
    {
      kind: 'phone',
      value: '+6281234567890',
      state: 'confirmed',
      confirmedAt: new Date('2026-10-03T02:00:00Z'),
      isIdentifier: false,
      isGivenOut: false,
      isShared: true,
    },
    {
      kind: 'phone',
      value: '+6281200001111',
      state: 'stale',
      confirmedAt: new Date('2026-03-03T02:00:00Z'),
      isIdentifier: true,
      isGivenOut: true,
      isShared: false,
    },
    {
      kind: 'email',
      value: 'warung.ibu@contoh.id',
      state: 'unconfirmed',
      isIdentifier: false,
      isGivenOut: false,
      isShared: false,
    },
  ],
};

export const contactsSamples: Record<string, ContactsContext> = {
  full,
  'shared-device': { ...full, onSharedDevice: {} },
  one: { ...full, contacts: full.contacts.slice(0, 1) },
  added: { ...full, notice: { tone: 'done', text: 'Kontak ditambahkan.' } },
  'on-trial': { ...full, problems: [{ kind: 'on-trial' }] },
  invalid: {
    ...full,
    typed: 'siti@',
    problems: [{ kind: 'said', text: 'Alamat ini bukan email atau nomor ponsel yang lengkap.', field: 'address' }],
  },
  throttled: { ...full, typed: '0812', problems: [{ kind: 'throttled', seconds: 45 }] },
  hostile: {
    ...full,
    contacts: full.contacts.map((contact, index) => ({ ...contact, value: `${hostileText}${index}` })),
    typed: hostileText,
  },
};
