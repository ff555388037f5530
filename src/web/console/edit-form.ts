/** A declaration as the fields of a form, and back. */
import { claimsOfScope, type StandardClaim, scopes, standardClaims } from '#src/registry/claims.ts';
import type { ClientDeclaration } from '#src/registry/registration-schema.ts';
import { editAudiences, editContactRoles, editSections, fieldName } from '#views/console/edit.ts';
import type { Form } from '../middleware/forms.ts';

type Values = Record<string, string>;

const fields = Object.values(editSections).flatMap((section) => [...section.fields]);

/** What the fields hold for a declaration. */
export function valuesOf(declared: ClientDeclaration): { values: Values; ticked: string[] } {
  const values: Values = {};
  for (const { key, kind } of fields) values[fieldName(key)] = toText(kind, declared[key]);
  for (const { name, purpose, 'purpose#en': english, basis, law, 'law#en': lawEn, required } of declared.claims ?? [])
    Object.assign(values, {
      [`purpose-${name}`]: purpose,
      [`purpose_en-${name}`]: english ?? '',
      [`basis-${name}`]: basis ?? 'consent',
      [`law-${name}`]: law ?? '',
      [`law_en-${name}`]: lawEn ?? '',
      [`required-${name}`]: required ? 'yes' : '',
    });
  values.offline = declared.scope?.split(' ').includes('offline_access') ? 'yes' : '';
  for (const audience of declared.audience ?? []) values[`audience-${audience}`] = 'yes';
  for (const sector of declared.sectors ?? []) values[`sector-${sector}`] = 'yes';
  for (const role of editContactRoles) values[`contacts-${role}`] = contactsOf(declared, role).join('\n');
  return { values, ticked: (declared.claims ?? []).map(({ name }) => name) };
}

function contactsOf({ contacts = [] }: ClientDeclaration, role: string): string[] {
  return contacts.flatMap((one) => {
    const { role: of, email } = typeof one === 'string' ? { role: 'technical', email: one } : one;
    return of === role ? [email] : [];
  });
}

type Kind = (typeof fields)[number]['kind'];

function toText(kind: Kind, value: unknown): string {
  if (kind === 'tick') return value === true ? 'yes' : '';
  if (kind === 'list') return Array.isArray(value) ? value.join('\n') : '';
  return value === undefined ? '' : String(value);
}

/** What somebody typed, as the form sent it; for a form that is shown again. */
export function typedIn(form: Form, sectors: readonly string[]): { values: Values; ticked: string[] } {
  const names = [
    ...fields.map(({ key }) => fieldName(key)),
    ...standardClaims.flatMap((claim) =>
      ['purpose', 'purpose_en', 'basis', 'law', 'law_en', 'required'].map((name) => `${name}-${claim}`),
    ),
    'offline',
    ...editAudiences.map((one) => `audience-${one}`),
    ...sectors.map((one) => `sector-${one}`),
    ...editContactRoles.map((role) => `contacts-${role}`),
  ];
  return { values: Object.fromEntries(names.map((name) => [name, form.get(name)])), ticked: form.list('claim') };
}

/**
 * What the form declares: what it does not edit stays as it was declared. Not checked; what cannot be read as its kind
 * stays text, for the check to name.
 */
export function declaredBy(before: ClientDeclaration, form: Form, sectors: readonly string[]): Record<string, unknown> {
  const edited = Object.fromEntries(fields.map(({ key, kind }) => [key, fromText(kind, form.get(fieldName(key)))]));
  const about = {
    audience: editAudiences.filter((one) => form.get(`audience-${one}`) === 'yes'),
    sectors: sectors.filter((one) => form.get(`sector-${one}`) === 'yes'),
    contacts: editContactRoles.flatMap((role) =>
      linesOf(form.get(`contacts-${role}`)).map((email) => ({ role, email })),
    ),
  };
  const people = before.type === 'machine' ? {} : peopleIn(before, form);
  const all = { ...before, ...edited, ...about, ...people };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function fromText(kind: Kind, text: string): unknown {
  if (kind === 'tick') return text === 'yes';
  if (kind === 'list') return linesOf(text);
  const plain = text.trim().replace(/\s+/g, ' ');
  if (plain === '') return undefined;
  return kind === 'number' && /^\d{1,9}$/.test(plain) ? Number(plain) : plain;
}

function linesOf(text: string): string[] {
  return text.split(/[\r\n]+/).flatMap((line) => line.trim() || []);
}

/** The claims that are ticked, and the scopes that bring them. */
function peopleIn(before: ClientDeclaration, form: Form): Record<string, unknown> {
  const ticked = form.list('claim');
  const claims = standardClaims
    .filter((claim) => ticked.includes(claim))
    .map((name) => ({
      name,
      required: form.get(`required-${name}`) === 'yes',
      basis: form.get(`basis-${name}`) || 'consent',
      purpose: form.get(`purpose-${name}`),
      ...(form.get(`purpose_en-${name}`).trim() && { 'purpose#en': form.get(`purpose_en-${name}`) }),
      ...(form.get(`law-${name}`).trim() && { law: form.get(`law-${name}`) }),
      ...(form.get(`law_en-${name}`).trim() && { 'law#en': form.get(`law_en-${name}`) }),
    }));
  const isOffline = form.get('offline') === 'yes';
  const others = (before.grant_types ?? []).filter((grant) => grant !== 'refresh_token');
  return {
    claims,
    scope: scopes.filter((scope) => isAsked(scope, before, ticked, isOffline)).join(' '),
    grant_types: isOffline || keepsRefresh(before) ? [...others, 'refresh_token'] : others,
  };
}

/** A scope that was declared without any of its claims is asked for all the same. */
function isAsked(
  scope: (typeof scopes)[number],
  before: ClientDeclaration,
  ticked: readonly string[],
  isOffline: boolean,
): boolean {
  if (scope === 'openid') return true;
  if (scope === 'offline_access') return isOffline;
  const own: readonly StandardClaim[] = claimsOfScope[scope];
  const hadSome = (before.claims ?? []).some(({ name }) => own.includes(name));
  const wasAsked = (before.scope ?? '').split(' ').includes(scope);
  return own.some((claim) => ticked.includes(claim)) || (wasAsked && !hadSome);
}

/** Refresh tokens without `offline_access`: nobody sees them here, so nobody takes them away here. */
function keepsRefresh({ grant_types: grants = [], scope = '' }: ClientDeclaration): boolean {
  return grants.includes('refresh_token') && !scope.split(' ').includes('offline_access');
}
