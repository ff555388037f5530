import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, type MessageKey, translate } from '../locale.ts';
import { button, field, form, hidden, radio } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { noticeBox } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { type RoleName, roleNames, sayDuty, sayRole } from '../roles.ts';
import { hostileText } from '../samples.ts';
import { type AgencyHead, agencyPage, sampleAgencyHead } from './agency-page.ts';
import { copyButton } from './parts/copy.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** Why a role rests; see the room of people. */
export type Rest = 'recovered' | 'new-factor' | 'desk';

/** One role of one person. */
export type TeamMember = {
  account: string;
  name: string;
  role: RoleName;
  since: Date;
  rest?: Rest | undefined;
  isSelf: boolean;
  mayEnd: boolean;
  mayRestore: boolean;
};

export type OpenInvitation = {
  id: string;
  role: RoleName;
  /** To whom it was sent, masked. */
  hint?: string | undefined;
  until: Date;
};

/**
 * Every form posts to the page itself with `csrf` and `action`: `end` and `restore` (with `account` and `role`), `take-back`
 * (with `invitation`), `invite` (with `role` and, if it shall be sent, `email`), `hand-over` (with `to`).
 */
export type TeamContext = ConsoleFrame & {
  agency: AgencyHead;
  members: readonly TeamMember[];
  invitations: readonly OpenInvitation[];
  /** The roles that the person may give here; none: no form. */
  mayGive: readonly RoleName[];
  /** Whoever joins has an address of it. */
  emailDomain?: string | undefined;
  /** To whom the person could hand their ownership over. */
  successors: readonly { account: string; name: string }[];
  /** What was just made, shown this once. */
  made?: { link: string; until: Date } | undefined;
  typed?: { email: string; role: string } | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/agencies/:agency/team`: who works for an agency, and who is invited to. */
export function teamPage(context: TeamContext): Html {
  const { language } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, {});
  return agencyPage(context, context.agency, 'team', {
    title: t('team.title'),
    intro: t('team.intro'),
    notice: context.notice,
    problems,
    ...(context.made && { scripts: ['copy.js'] as const }),
    content: html`${madeBox(context)}
${context.members.length > 0 ? memberTable(context) : html`<p class="empty">${t('team.nobody')}</p>`}
${context.members.some(({ mayRestore }) => mayRestore) && html`<p class="hint">${t('team.restore-hint')}</p>`}
${context.invitations.length > 0 && invitationTable(context)}
${context.mayGive.length > 0 && inviteForm(context, problems)}
${context.successors.length > 0 && handOverForm(context)}`,
  });
}

function madeBox(context: TeamContext): Html | false {
  const { language, made, timeZone } = context;
  if (!made) return false;
  const t = translate(language);
  return html`<section class="made" id="invitation-made"><h2>${t('team.made-title')}</h2>
${noticeBox({ tone: 'info', text: t('team.made', { until: formatMoment(language, made.until, timeZone) }) })}
<p class="secret"><code id="invitation-link" aria-label="${t('team.link')}">${made.link}</code></p>${copyButton(language, 'invitation-link')}</section>`;
}

const rests: Record<Rest, MessageKey> = {
  recovered: 'team.rests-recovered',
  'new-factor': 'team.rests-new-factor',
  desk: 'team.rests-desk',
};

function memberTable(context: TeamContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  return table<TeamMember>({
    caption: t('team.members'),
    hook: { name: 'data-member', value: ({ account, role }) => `${account} ${role}` },
    columns: [
      {
        head: t('team.person'),
        kind: 'main',
        cell: ({ name, isSelf }) => html`${name}${isSelf && html` <small class="hint">(${t('team.you')})</small>`}`,
      },
      { head: t('team.role'), kind: 'short', cell: ({ role }) => sayRole(language, role) },
      { head: t('team.since'), kind: 'short', cell: ({ since }) => formatDay(language, since, timeZone) },
      {
        head: t('team.state'),
        cell: ({ rest }) => (rest ? dot('stopped', t(rests[rest])) : dot('good', t('team.counts'))),
      },
      { head: t('team.choices'), kind: 'end', cell: (member) => memberChoices(context, member) },
    ],
    rows: context.members,
  });
}

function memberChoices(context: TeamContext, member: TeamMember): Html | false {
  const t = translate(context.language);
  if (!member.mayEnd && !member.mayRestore) return false;
  const whose = html`<span class="unseen">: ${member.name}, ${sayRole(context.language, member.role)}</span>`;
  const words = t(member.isSelf ? 'team.leave' : 'team.end');
  return form(context, [
    hidden('account', member.account),
    hidden('role', member.role),
    member.mayRestore &&
      button({ value: 'restore', label: html`${t('team.restore')}${whose}`, look: 'other', hook: 'restore' }),
    member.mayEnd && button({ value: 'end', label: html`${words}${whose}`, look: 'stop', hook: 'end' }),
  ]);
}

function invitationTable(context: TeamContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  return html`<h2>${t('team.invitations')}</h2>
${table<OpenInvitation>({
  caption: t('team.invitations'),
  hook: { name: 'data-invitation', value: ({ id }) => id },
  columns: [
    { head: t('team.role'), kind: 'main', cell: ({ role }) => sayRole(language, role) },
    { head: t('team.sent-to'), cell: ({ hint }) => hint ?? t('team.by-link') },
    { head: t('team.until'), kind: 'short', cell: ({ until }) => formatMoment(language, until, timeZone) },
    {
      head: t('team.choices'),
      kind: 'end',
      cell: ({ id, role }) =>
        context.mayGive.length > 0 &&
        form(context, [
          hidden('invitation', id),
          button({
            value: 'take-back',
            label: html`${t('team.take-back')}<span class="unseen">: ${sayRole(language, role)}</span>`,
            look: 'other',
          }),
        ]),
    },
  ],
  rows: context.invitations,
})}`;
}

function inviteForm(context: TeamContext, problems: readonly SaidProblem[]): Html {
  const { language, emailDomain, typed } = context;
  const t = translate(language);
  const chosen = context.mayGive.find((role) => role === typed?.role) ?? context.mayGive.find(isEveryday);
  return html`<h2 id="invite-title">${t('team.invite')}</h2>
${form(context, [
  html`<fieldset><legend>${t('team.invite-role')}</legend>${context.mayGive.map((role) =>
    radio({
      name: 'role',
      value: role,
      label: html`<strong>${sayRole(language, role)}</strong> <span class="hint">${sayDuty(language, role)}</span>`,
      chosen: role === (chosen ?? context.mayGive[0]),
    }),
  )}</fieldset>`,
  field({
    name: 'email',
    label: t('team.email'),
    hint: emailDomain ? t('team.email-hint-domain', { domain: emailDomain }) : t('team.email-hint'),
    value: typed?.email,
    autocomplete: 'off',
    inputmode: 'email',
    maxlength: 254,
    plain: true,
    problems,
  }),
  button({ id: 'invite', value: 'invite', label: t('team.send'), look: 'main' }),
])}`;
}

function isEveryday(role: RoleName): boolean {
  return role === 'developer';
}

function handOverForm(context: TeamContext): Html {
  const t = translate(context.language);
  return html`<h2>${t('team.hand-over')}</h2>
<p class="hint">${t('team.hand-over-hint')}</p>
${form(context, [
  html`<fieldset><legend>${t('team.hand-over-to')}</legend>${context.successors.map(({ account, name }, index) =>
    radio({ name: 'to', value: account, label: name, chosen: index === 0 }),
  )}</fieldset>`,
  button({ id: 'hand-over', value: 'hand-over', label: t('team.hand-over'), look: 'stop' }),
])}`;
}

const since = new Date('2026-03-02T02:00:00Z');
const until = new Date('2026-11-28T02:00:00Z');
const accounts = [
  'a1f00000-0000-4000-8000-000000000001',
  'b2f00000-0000-4000-8000-000000000002',
  'c3f00000-0000-4000-8000-000000000003',
] as const;

const everyday = { since, isSelf: false, mayEnd: true, mayRestore: false };

const full: TeamContext = {
  ...sampleConsoleFrame,
  section: 'agencies',
  agency: sampleAgencyHead,
  members: [
    { ...everyday, account: accounts[0], name: 'Siti Rahayu', role: 'owner', isSelf: true },
    { ...everyday, account: accounts[1], name: 'Budi Santoso', role: 'developer' },
    {
      ...everyday,
      account: accounts[2],
      name: 'Dewi Lestari',
      role: 'developer',
      rest: 'recovered',
      mayRestore: true,
    },
    { ...everyday, account: accounts[2], name: 'Dewi Lestari', role: 'approver', mayEnd: false },
  ],
  invitations: [
    { id: 'd4f00000-0000-4000-8000-000000000004', role: 'developer', hint: 'wa•••@dinkes.contoh.go.id', until },
    { id: 'e5f00000-0000-4000-8000-000000000005', role: 'owner', until },
  ],
  mayGive: ['owner', 'developer'],
  successors: [
    { account: accounts[1], name: 'Budi Santoso' },
    { account: accounts[2], name: 'Dewi Lestari' },
  ],
};

export const teamSamples: Record<string, TeamContext> = {
  full,
  made: {
    ...full,
    emailDomain: 'dinkes.contoh.go.id',
    made: { link: `http://localhost:3000/invitations/${'Ab3_'.repeat(10)}xyz`, until },
    notice: { tone: 'done', text: 'Undangan dibuat.' },
  },
  refused: {
    ...full,
    typed: { email: 'bukan email', role: 'owner' },
    problems: [{ kind: 'said', text: 'Ini bukan alamat email yang lengkap.', field: 'email' }],
  },
  reader: {
    ...full,
    members: full.members.map((member) => ({ ...member, mayEnd: false, mayRestore: false })),
    mayGive: [],
    successors: [],
  },
  fromAbove: { ...full, members: [], invitations: [], mayGive: roleNames, successors: [] },
  hostile: {
    ...full,
    agency: { ...sampleAgencyHead, name: hostileText },
    members: full.members.map((member) => ({ ...member, account: hostileText, name: hostileText })),
    invitations: full.invitations.map((one) => ({ ...one, id: hostileText, hint: hostileText })),
    emailDomain: hostileText,
    successors: [{ account: accounts[1], name: hostileText }],
    made: { link: hostileText, until },
    typed: { email: hostileText, role: hostileText },
  },
};
