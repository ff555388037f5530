import { expect, test } from 'vitest';
import type { ClientDraft } from '#src/registry/clients.ts';
import { declarationOf, draftOf } from '#src/registry/declarations.ts';
import { numberedClient } from '#src/registry/numbered-clients.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { agency, clientDraft, webClient } from './fixtures.ts';

/** A client written down, checked and made a draft again, as a restore or a bundle does. */
function roundTrip(draft: ClientDraft): ClientDraft | undefined {
  const { entry, findings } = checkClientEntry(declarationOf(draft), 'sandbox');
  expect(findings).toEqual([]);
  return entry && draftOf({ ...entry, state: draft.state }, { id: draft.agencyId }, undefined, 'sandbox');
}

test.each<[string, ClientDraft]>([
  ['a web app', clientDraft()],
  ['an app with every claim', numberedClient(1)],
  [
    'an app in the browser',
    clientDraft({ type: 'spa', tokenEndpointAuthMethod: 'none', rotateRefresh: true, claims: [] }),
  ],
  [
    'a machine',
    clientDraft({
      type: 'machine',
      redirectUris: [],
      responseTypes: [],
      grantTypes: ['client_credentials'],
      scopes: [],
      claims: [],
    }),
  ],
  [
    'an app that says everything',
    clientDraft({
      subjectGroupId: `${agency.id}.bersama`,
      homeUri: 'https://puskesmas.contoh.go.id/',
      initiateLoginUri: 'https://puskesmas.contoh.go.id/masuk',
      backchannelLogoutUri: 'https://puskesmas.contoh.go.id/keluar',
      backchannelLogoutSessionRequired: true,
      logoUri: 'https://puskesmas.contoh.go.id/logo.png',
      policyUri: 'https://puskesmas.contoh.go.id/privasi',
      tosUri: 'https://puskesmas.contoh.go.id/ketentuan',
      postLogoutRedirectUris: ['https://puskesmas.contoh.go.id/'],
      grantTypes: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      securityProfile: 'fapi2',
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwksUri: 'https://puskesmas.contoh.go.id/jwks',
      userinfoSignedResponseAlg: 'ES256',
      requirePar: true,
      dpopBoundAccessTokens: true,
      defaultMaxAge: 3_600,
      consentDays: 30,
      minAuthentication: 'phr',
      description: { id: 'Antrean puskesmas.', en: 'Places in the queue.' },
      sectors: ['kesehatan', 'perlindungan-sosial'],
      audience: ['citizens', 'officials'],
      serviceCode: 'RAL.02.03.01',
      minIdentity: 'ial2',
      retentionDays: 90,
      rateTier: 'high',
      migrationStage: 'shadow',
      launchOn: '2027-01-31',
      sunsetOn: '2030-01-01',
      contacts: [
        { role: 'technical', email: 'tim@contoh.go.id' },
        { role: 'privacy', email: 'pdp@contoh.go.id' },
      ],
      eventUri: 'https://puskesmas.contoh.go.id/kabar',
    }),
  ],
])('%s written down and read again is the same', (_, draft) => {
  expect(roundTrip(draft)).toEqual(draft);
});

test('a declaration says nothing of state and secret, so that restoring it moves no client', () => {
  expect(Object.keys(declarationOf(clientDraft()))).not.toContain('state');
  expect(JSON.stringify(declarationOf(clientDraft()))).not.toContain('secret_env');
});

test('an app that came from another agency stays in its group when its declaration is restored', () => {
  const moved = clientDraft({ agencyId: 'bapenda', subjectGroupId: agency.id });
  expect(declarationOf(moved).subject_group).toBeUndefined();
});

test('where the secret comes from is asked of a file alone', () => {
  const { client_secret_env: _, ...declared } = webClient;
  expect(checkClientEntry(declared, 'production').findings).toEqual([]);
});
