import { expect, test } from 'vitest';
import { standardClaims } from '#src/registry/claims.ts';
import type { ClientDraft } from '#src/registry/clients.ts';
import { type Risk, riskOf } from '#src/registry/risk.ts';

type Asks = Pick<ClientDraft, 'minIdentity'> & { readonly claims: readonly (typeof standardClaims)[number][] };

const nothing: Asks = { claims: [], minIdentity: undefined };

test.each<[string, Asks, Risk]>([
  ['nothing', nothing, 'low'],
  ['a name and an address to write to', { ...nothing, claims: ['name', 'email', 'email_verified'] }, 'low'],
  ['a telephone number', { ...nothing, claims: ['name', 'phone_number'] }, 'medium'],
  ['a person who is proven', { ...nothing, minIdentity: 'ial2' }, 'medium'],
  ['the date of birth', { ...nothing, claims: ['birthdate'] }, 'high'],
  ['where somebody lives', { ...nothing, claims: ['address'] }, 'high'],
  ['a person who was seen', { ...nothing, minIdentity: 'ial3' }, 'high'],
  ['everything', { ...nothing, claims: standardClaims }, 'high'],
])('an app that asks for %s', (_, { claims, minIdentity }, risk) => {
  const asked = claims.map((claim) => ({
    claim,
    required: false,
    purpose: '',
    purposeEn: '',
    basis: 'consent' as const,
  }));
  expect(riskOf({ claims: asked, minIdentity })).toBe(risk);
});
